import asyncio
import inspect

import pytest

import mstr_arrow
from mstr_arrow.errors import UsageError
from mstr_arrow.masked import Masked
from mstr_arrow.session.login_choice import login_from
from mstr_arrow.session.login_modes import CREDENTIALS, LoginMode


def body(**arguments):
    """Make the body by either way, which must agree."""
    login = login_from(**arguments)
    assert repr(asyncio.run(login.body())) == repr(login.body_here())
    return {member: value() if isinstance(value, Masked) else value for member, value in login.body_here().items()}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, {"loginMode": 8}),
        ({"login_mode": 8}, {"loginMode": 8}),
        ({"username": "ann", "password": "s"}, {"loginMode": 1, "username": "ann", "password": "s"}),
        (
            {"username": "ann", "password": "s", "login_mode": 1},
            {"loginMode": 1, "username": "ann", "password": "s"},
        ),
        (
            {"username": "ann", "password": "s", "login_mode": 16},
            {"loginMode": 16, "username": "ann", "password": "s"},
        ),
        ({"api_key": "k"}, {"loginMode": 4096, "username": "k"}),
        ({"api_key": "k", "login_mode": 4096}, {"loginMode": 4096, "username": "k"}),
        ({"identity_token": "t"}, {"loginMode": -1, "identityToken": "t"}),
        ({"identity_token": "t", "login_mode": LoginMode.DELEGATED}, {"loginMode": -1, "identityToken": "t"}),
    ],
)
def test_each_mode_has_its_body(arguments, expected):
    assert body(**arguments) == expected


async def later():
    return "s"


@pytest.mark.parametrize("credential", ["s", lambda: "s", later])
@pytest.mark.parametrize("argument", ["username", "password", "api_key", "identity_token"])
def test_every_credential_may_be_a_function(argument, credential):
    others = {"username": {"password": "p"}, "password": {"username": "ann"}}.get(argument, {})
    assert body(**{argument: credential}, **others) == body(**{argument: "s"}, **others)


def test_an_empty_password_is_legal():
    assert body(username="ann", password="")["password"] == ""


@pytest.mark.parametrize(
    ("username", "password", "said"),
    [("ann", None, "without password=.*may be a function.*API token.*api_key="), (None, "s3", "without username=")],
)
def test_half_of_the_credentials_is_refused_with_what_is_missing(username, password, said):
    with pytest.raises(UsageError, match=said) as caught:
        login_from(username=username, password=password)
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"api_key": "s3", "username": "s3", "password": "s3"}, "api_key=, password= and username= contradict"),
        ({"api_key": "s3", "identity_token": "s3"}, "api_key= and identity_token= contradict"),
        ({"api_key": "s3", "login_mode": 1}, r"login_mode=1 \(STANDARD\) does not go with api_key="),
        ({"username": "s3", "password": "s3", "login_mode": 8}, "ANONYMOUS.*with username= and password="),
        ({"login_mode": 16}, r"LDAP\) does not go with no credentials"),
        ({"login_mode": 1048576}, "cannot be used by a program.*session="),
        ({"username": "s3", "password": "s3", "login_mode": "ldap"}, "'ldap' cannot be used"),
    ],
)
def test_contradictions_are_refused_with_what_goes_together(arguments, said):
    with pytest.raises(
        UsageError, match=f"{said}.*What goes together: username= and password=.*api_key="
    ) as caught:
        login_from(**arguments)
    assert "s3" not in str(caught.value)


def test_credentials_are_never_shown():
    assert "hunter2" not in repr(login_from(username="ann", password="hunter2"))
    with pytest.raises(UsageError, match="bytes") as caught:
        login_from(username="ann", password=lambda: b"hunter2").body_here()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("connect", [mstr_arrow.connect, mstr_arrow.connect_async])
def test_every_credential_is_an_argument(connect):
    assert set(CREDENTIALS) <= inspect.signature(connect).parameters.keys()
