import asyncio
import functools
import threading
import traceback

import pytest

from mstr_arrow import background
from mstr_arrow.credentials import resolve, resolve_here
from mstr_arrow.errors import UsageError

SECRET = "hunter2"


async def later():
    await asyncio.sleep(0)
    return SECRET


class Later:
    async def __call__(self):
        return SECRET


def fail():
    raise KeyError("no such field")


async def fail_later():
    await asyncio.sleep(0)
    raise KeyError("no such field")


def resolve_async(credential, where):
    return asyncio.run(resolve(credential, where))


both = pytest.mark.parametrize("ask", [resolve_async, resolve_here])


@both
@pytest.mark.parametrize(
    "credential",
    [
        SECRET,
        lambda: SECRET,
        later,
        Later(),
        functools.partial(later),
        functools.partial(str, SECRET),
    ],
)
def test_a_credential_is_a_text_or_any_function_that_gives_one(ask, credential):
    assert ask(credential, "password=") == SECRET


@both
def test_a_function_is_called_again_each_time(ask):
    answers = iter(["old", "new"])
    assert [ask(lambda: next(answers), "password=") for _ in range(2)] == ["old", "new"]


@both
def test_an_empty_text_is_a_credential(ask):
    assert ask(lambda: "", "password=") == ""


@both
@pytest.mark.parametrize("value", [b"hunter2", ["hunter2"], {"hunter2": 1}, None])
def test_what_is_no_text_is_refused_without_being_shown(ask, value):
    async def late():
        return value

    for credential in (lambda: value, late):
        with pytest.raises(UsageError, match=r"as password= returned .*(of type|None)") as caught:
            ask(credential, "password=")
        assert SECRET not in str(caught.value)
    with pytest.raises(UsageError, match=r"password= is .*(of type|None)") as caught:
        ask(value, "password=")
    assert SECRET not in str(caught.value)


@both
def test_a_coroutine_is_refused_as_it_can_be_awaited_only_once(ask):
    coroutine = later()
    with pytest.raises(UsageError, match="Give the function itself"):
        ask(coroutine, "password=")
    coroutine.close()


@both
@pytest.mark.parametrize("function", [fail, fail_later])
def test_what_a_function_raises_comes_out_as_it_is_with_a_note_of_the_argument(ask, function):
    with pytest.raises(KeyError, match="no such field") as caught:
        ask(function, "api_key=")
    assert "raised by the function given as api_key=" in "".join(traceback.format_exception(caught.value))


@both
def test_a_function_that_has_no_more_to_return_ends_the_wait(ask):
    with pytest.raises(UsageError, match="password= has no more to return"):
        ask(iter([]).__next__, "password=")


def test_a_plain_function_does_not_stop_the_event_loop():
    async def main():
        asked, answered = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def ask():
            loop.call_soon_threadsafe(asked.set)
            assert answered.wait(60), "the loop stood still meanwhile"
            return SECRET

        waiting = asyncio.create_task(resolve(ask, "password="))
        await asyncio.wait_for(asked.wait(), 5)
        answered.set()
        return await waiting

    assert asyncio.run(main()) == SECRET


def test_a_synchronous_caller_is_asked_in_its_own_thread_so_that_ctrl_c_is_heard():
    seen = []

    def ask():
        seen.append(threading.current_thread())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resolve_here(ask, "password=")
    assert seen == [threading.current_thread()]


def test_a_synchronous_caller_may_run_in_an_event_loop():
    async def notebook():
        return resolve_here(later, "password=")

    assert asyncio.run(notebook()) == SECRET


def test_coroutine_functions_run_on_the_loop_that_resolves_them():
    async def where():
        return str(background.on_loop())

    assert resolve_here(where, "password=") == "True"
    assert asyncio.run(resolve(where, "password=")) == "False"
