"""``mstr-arrow subscriptions send``, ``delete``, ``pause`` and ``resume``."""

from pathlib import Path
from typing import Annotated

import typer

from mstr_arrow.cli.commands.subscriptions.listing import SubscriptionName, as_json, in_words, status_as_json
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.prompt_answers import PromptAnswers, PromptsFile, answers_from
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json

_SENT = "It may have been sent: mstr-arrow subscriptions show tells. No session was left behind."


@takes_server()
def send(
    name: SubscriptionName,
    *,
    server: Server,
    wait: Annotated[bool, typer.Option(help="Wait until it was delivered; a failure ends with code 1.")] = True,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="How long; --execute-timeout if not given.")
    ] = None,
    prompts: PromptsFile = None,
    prompt: PromptAnswers = None,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Send a subscription now, whatever its schedules.

    It is never sent twice: where the answer is lost, its status is looked at, and the error says what is known.
    """
    console = Terminal(stderr=True)
    with (
        show_errors(console, verbose=verbose, interrupted=_SENT),
        open_connection(server) as connection,
    ):
        subscription = connection.subscription(name)
        subscription.send(answers=_answers(prompts, prompt))
        status = subscription.wait(timeout=timeout) if wait else None
        if json:
            print_json(as_json(subscription) | {"status": None if status is None else status_as_json(status)})
        else:
            console.print("Sent." if status is None else f"Delivered: {in_words(status)}.", soft_wrap=True)


@takes_server()
def delete(
    name: SubscriptionName, *, server: Server, json: common.Json = False, verbose: common.Verbose = False
) -> None:
    """Delete a subscription."""
    console = Terminal(stderr=True)
    with show_errors(
        console, verbose=verbose, interrupted="mstr-arrow subscriptions ls tells whether it is there."
    ):
        with open_connection(server) as connection:
            subscription = connection.subscription(name)
            subscription.delete()
        if json:
            print_json(as_json(subscription))
        else:
            console.print(f"Deleted {subscription.name} ({subscription.id}).", soft_wrap=True, markup=False)


@takes_server()
def pause(
    name: SubscriptionName, *, server: Server, json: common.Json = False, verbose: common.Verbose = False
) -> None:
    """Have no schedule run a subscription until it is resumed; servers of 2026 can do that."""
    _switch(server, name, paused=True, json=json, verbose=verbose)


@takes_server()
def resume(
    name: SubscriptionName, *, server: Server, json: common.Json = False, verbose: common.Verbose = False
) -> None:
    """Have the schedules of a paused subscription run it again."""
    _switch(server, name, paused=False, json=json, verbose=verbose)


def _switch(server: Server, name: str, *, paused: bool, json: bool, verbose: bool) -> None:
    console = Terminal(stderr=True)
    with show_errors(
        console, verbose=verbose, interrupted="mstr-arrow subscriptions show tells whether it is paused."
    ):
        with open_connection(server) as connection:
            found = connection.subscription(name)
            subscription = found.pause() if paused else found.resume()
        if json:
            print_json(as_json(subscription))
        else:
            said = "Paused" if paused else "Resumed"
            console.print(f"{said} {subscription.name} ({subscription.id}).", soft_wrap=True, markup=False)


def _answers(file: Path | None, given: list[str] | None) -> dict[str, object] | None:
    return dict(answers_from(file, given or [])) or None
