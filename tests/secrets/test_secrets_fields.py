import concurrent.futures
import copy
import pickle
import threading
import traceback
from dataclasses import dataclass

import orjson
import pytest

from mstr_arrow import secrets
from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.secrets import secret as module
from mstr_arrow.secrets.secret import Secret

FIELDS = {"username": "ann", "password": "hunter2", "url": "https://bi.example.com/MicroStrategyLibrary"}


@dataclass
class Shelf:
    """A store that counts how often it is asked."""

    content: object = orjson.dumps(FIELDS).decode()
    fetched: int = 0
    error: Exception | None = None

    def __str__(self):
        return "shelf 'mstr'"

    def fetch(self):
        self.fetched += 1
        if self.error:
            raise self.error
        return self.content

    def hint(self, error):
        return f"Look behind the {type(error).__name__}."


def test_one_fetch_serves_several_fields():
    shelf = Shelf()
    group = Secret(shelf)
    credentials = [group[name] for name in FIELDS]
    assert [credential() for credential in credentials] == list(FIELDS.values())
    assert shelf.fetched == 1


def test_a_field_asked_for_again_is_fetched_anew_so_that_a_log_in_after_a_rotation_succeeds():
    shelf = Shelf()
    group = Secret(shelf)
    username, password = group["username"], group["password"]
    assert (username(), password()) == ("ann", "hunter2")
    shelf.content = '{"username": "ann2", "password": "hunter3"}'
    assert (username(), password()) == ("ann2", "hunter3")
    assert shelf.fetched == 2


def test_a_single_value_is_fetched_each_time():
    shelf = Shelf("hunter2")
    secret = Secret(shelf)
    assert secret() == "hunter2"
    shelf.content = "hunter3"
    assert secret() == "hunter3"


def test_fields_are_not_handed_out_long_after_they_were_fetched(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    shelf = Shelf()
    group = Secret(shelf)
    group["username"]()
    now += module.KEPT_SECONDS - 1
    group["url"]()
    assert shelf.fetched == 1
    now += 2
    group["password"]()
    assert shelf.fetched == 2


def test_threads_that_ask_for_different_fields_share_a_fetch():
    gate = threading.Barrier(3)
    shelf = Shelf()
    group = Secret(shelf)

    def ask(name):
        gate.wait(60)
        return group[name]()

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, FIELDS)) == list(FIELDS.values())
    assert shelf.fetched == 1


def test_a_fetch_that_failed_is_not_remembered():
    shelf = Shelf(error=OSError("no route"))
    group = Secret(shelf)
    with pytest.raises(SecretError):
        group["username"]()
    shelf.error = None
    assert group["username"]() == "ann"


def test_a_missing_field_is_told_with_those_there_are():
    with pytest.raises(SecretError) as caught:
        Secret(Shelf())["pasword"]()
    message = "SecretError: the shelf 'mstr' has no field 'pasword'. It holds the fields password, url, username."
    assert str(caught.value) == message


def test_of_many_fields_the_first_are_told():
    content = orjson.dumps({f"f{number:02}": "v" for number in range(25)}).decode()
    with pytest.raises(SecretError, match="f18, f19 and 5 more"):
        Secret(Shelf(content))["x"]()


@pytest.mark.parametrize("text", ["hunter2", "{hunter2", '"hunter2"', '["hunter2"]', "12345", ""])
def test_a_field_of_what_is_no_json_object_is_refused_without_showing_it(text):
    with pytest.raises(SecretError, match=r"no JSON object.*Leave the key out") as caught:
        Secret(Shelf(text))["password"]()
    assert_no_trace(caught.value, "hunter2")


@pytest.mark.parametrize(
    ("value", "kind"), [(12345, "number"), (True, "boolean"), (None, "null"), (["12345"], "array"), ({}, "object")]
)
def test_a_field_that_is_no_string_is_refused_without_showing_it(value, kind):
    with pytest.raises(SecretError, match=f"'pin' of the shelf 'mstr' is of JSON type {kind}") as caught:
        Secret(Shelf(orjson.dumps({"pin": value}).decode()))["pin"]()
    assert_no_trace(caught.value, "12345")


def test_several_fields_are_not_taken_for_a_password():
    with pytest.raises(UsageError, match=r"holds the fields password, url, username.*secret\[key\]") as caught:
        Secret(Shelf())()
    assert_no_trace(caught.value, "hunter2")


@pytest.mark.parametrize("text", ["", "{}", "[1]", "12345", '{"a', '"quoted"'])
def test_any_other_text_is_a_single_value(text):
    assert Secret(Shelf(text))() == text


def test_an_error_of_the_store_tells_what_where_why_and_what_to_do():
    with pytest.raises(SecretError) as caught:
        Secret(Shelf(error=OSError("no route to host.\nwhole story")))()
    assert str(caught.value) == (
        "SecretError: the shelf 'mstr' could not be read: OSError: no route to host. Look behind the OSError."
    )
    assert isinstance(caught.value.__cause__, OSError)


def test_a_request_that_is_quoted_in_an_error_is_kept_out_of_tracebacks():
    quoted = "The signature does not match.\nThe Canonical String was\nx-amz-security-token:hunter2"
    with pytest.raises(SecretError, match="does not match") as caught:
        Secret(Shelf(error=RuntimeError(quoted)))()
    assert_no_trace(caught.value, "hunter2")


def test_what_is_shown_and_pickled_is_where_a_secret_is_kept():
    group = Secret(Shelf("{}"))
    group._store.content = '{"password": "hunter2"}'
    assert group["password"]() == "hunter2"
    assert repr(group["password"]) == "<Secret 'password' of shelf 'mstr'>"
    assert repr(group) == "<Secret shelf 'mstr'>"
    group._store.content = "{}"
    for each in (group, group["password"]):
        assert b"hunter2" not in pickle.dumps(each)
        again = pickle.loads(pickle.dumps(each))
        assert repr(again) == repr(each) == repr(copy.deepcopy(each))


def test_a_secret_is_no_collection():
    group = Secret(Shelf())
    with pytest.raises(TypeError):
        list(group)
    with pytest.raises(TypeError):
        "username" in group  # noqa: B015 - it is the question that is refused
    with pytest.raises(UsageError, match="one field already"):
        group["username"]["first"]
    for key in (0, None, ""):
        with pytest.raises(UsageError, match="key= is"):
            group[key]


@pytest.mark.parametrize(
    "make",
    [
        lambda: secrets.aws_secret(None),
        lambda: secrets.aws_parameter(""),
        lambda: secrets.aws_parameters(None),
        lambda: secrets.azure_secret("https://acme.vault.azure.net", None),
        lambda: secrets.gcp_secret(None, "mstr"),
        lambda: secrets.keyring("mstr", ""),
        lambda: secrets.env(None),
        lambda: secrets.file(None),
        lambda: secrets.env("MSTR", key=""),
    ],
)
def test_a_name_that_is_missing_is_refused_when_it_is_given(make):
    with pytest.raises(UsageError, match=r"^UsageError: (name|path|username|project|key)= is (None|empty)"):
        make()


@pytest.mark.parametrize(
    ("secret", "module", "extra"),
    [
        (secrets.aws_secret("mstr"), "boto3", "aws"),
        (secrets.aws_parameter("/mstr"), "boto3", "aws"),
        (secrets.aws_parameters("/mstr")["x"], "boto3", "aws"),
        (secrets.azure_secret("https://acme.vault.azure.net", "mstr"), "azure.keyvault.secrets", "azure"),
        (secrets.gcp_secret("acme", "mstr"), "google.cloud.secretmanager", "gcp"),
        (secrets.keyring("mstr", "ann"), "keyring", "keyring"),
    ],
)
def test_a_missing_extra_is_told_with_the_command_that_installs_it(secret, module, extra, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(UsageError, match=rf"^UsageError: {module} .*pip install 'mstr-arrow\[{extra}\]'"):
        secret()


def assert_no_trace(error, mark):
    """Look for ``mark`` in an error, its traceback's text, and all it drags along."""
    assert mark not in "".join(traceback.format_exception(error))
    seen = []
    while error is not None:
        seen.append(error)
        assert mark not in repr(error)
        assert mark not in str(vars(error))
        assert mark not in str(getattr(error, "doc", ""))
        error = error.__cause__ or error.__context__
    assert len(seen) < 5
