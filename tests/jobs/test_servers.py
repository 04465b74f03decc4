"""A server of a file of jobs takes from its profile what it does not say itself."""

from __future__ import annotations

import os

import pytest

from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.jobs import servers
from mstr_arrow.jobs.definition.file_model import Server
from mstr_arrow.session.login_modes import CREDENTIALS, LoginMode

URL = "https://bi.example.com/MicroStrategyLibrary"
LDAP = f'[nightly]\nurl = "{URL}"\nusername = "ann"\nlogin-mode = "ldap"\nconnect_timeout = 5\npage-rows = 9\n'


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    monkeypatch.setenv("MSTR_ARROW_CONFIG", str(path))
    return path


@pytest.fixture
def connected(tmp_path, monkeypatch):
    """Return what `connect_async` is given for a server."""
    monkeypatch.setattr(servers, "connect_async", lambda url, **given: {"url": url, **given})
    return lambda **server: servers.open_server(
        "bi", Server(**server), folder=tmp_path, requests=None, on_event=None
    )


def test_what_is_not_said_comes_from_the_profile(profiles, connected):
    profiles.write_text(LDAP + 'password = {env = "P"}\n')
    given = connected(profile="nightly", project="Retail")
    assert (given["url"], given["username"], given["project"]) == (URL, "ann", "Retail")
    assert (given["login_mode"], given["settings"].timeouts.connect) == (LoginMode.LDAP, 5)


def test_who_logs_in_elsewhere_does_not_use_how_the_user_of_the_profile_does(profiles, connected):
    profiles.write_text(LDAP + 'password = {env = "P"}\n')
    given = connected(profile="nightly", api_key={"env": "KEY"})
    assert given["url"] == URL
    assert given.keys().isdisjoint({"username", "password", "login_mode"})


@pytest.mark.parametrize(
    "secret", ['password = "s3cret"', 'api_key = "s3cret"', 'proxy = "http://ann:s3cret@proxy.example.com"']
)
@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_profile_with_a_secret_that_others_can_read_is_refused(profiles, connected, secret):
    profiles.write_text(LDAP + secret)
    profiles.chmod(0o644)
    with pytest.raises(SecretError, match=r"others can read it.*chmod 600") as refused:
        connected(profile="nightly")
    assert "s3cret" not in str(refused.value)
    profiles.chmod(0o600)
    assert connected(profile="nightly")["url"] == URL


@pytest.mark.parametrize("text", ["[nightyl]\n", None])
def test_a_profile_that_is_not_there_is_told(profiles, connected, text):
    if text:
        profiles.write_text(text)
    with pytest.raises(UsageError, match="no profile 'nightly' in "):
        connected(profile="nightly")


def test_every_credential_is_a_key():
    assert set(CREDENTIALS) <= Server.model_fields.keys()
