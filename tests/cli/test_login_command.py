import getpass
import io
import json
import sys
import tomllib

import pytest

from tests.keyrings import Memory, Missing, keyring


class Locked(Memory):
    def set_password(self, service, username, password):  # noqa: ARG002 - as keyring calls it
        raise keyring.errors.KeyringLocked(f"cannot store {password}")


@pytest.fixture
def kept(use_keyring):
    return use_keyring(Memory())


@pytest.fixture
def typed(monkeypatch):
    """A terminal on which a person types these lines, and after them a password."""

    def typed(*lines, password="demo"):  # noqa: S107 - the simulator's
        asked = []
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(getpass, "getpass", lambda question: asked.append(question) or password)
        return asked

    return typed


@pytest.fixture
def there(tmp_path):
    return lambda: tomllib.loads((tmp_path / "config.toml").read_text())


def test_a_password_is_asked_for_once_and_never_again(run, simulator, kept, typed, there, tmp_path, monkeypatch):
    asked = typed(simulator.url, "demo")
    result = run("login", "--project", simulator.project)
    assert (result.code, asked) == (0, ["Password of demo: "])
    assert "URL of the server: User name: " in result.err
    assert kept.passwords == {(f"mstr-arrow {simulator.url}", "demo"): "demo"}
    assert there()["default"] == {
        "url": simulator.url,
        "username": "demo",
        "password": {"keyring": f"mstr-arrow {simulator.url}"},
        "project": simulator.project,
    }
    assert (tmp_path / "config.toml").stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    found = json.loads(run("whoami", "--json").out)
    assert (found["user"], found["project"], found["login_mode"]) == ("demo", simulator.project, "standard")
    assert simulator.open_sessions == 0


def test_what_is_forgotten_is_asked_for_again(run, simulator, kept, typed, there, monkeypatch):
    typed()
    assert run("login", "--url", simulator.url, "--username", "demo").code == 0
    result = run("logout")
    assert (result.code, kept.passwords) == (0, {})
    assert there()["default"] == {"url": simulator.url, "username": "demo"}
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert "mstr-arrow login" in run("ls").err
    assert "Nothing of profile 'default'" in run("logout").err


def test_what_the_server_refuses_is_not_kept(run, simulator, kept, typed, tmp_path):
    typed(password="wrong")
    assert run("login", "--url", simulator.url, "--username", "demo").code == 1
    assert kept.passwords == {}
    assert not (tmp_path / "config.toml").exists()


def test_a_token_takes_the_place_of_a_password_in_a_profile_of_its_own(
    run, simulator, kept, typed, there, profile, tmp_path
):
    profile(
        "# mine\n[default]\nurl = 'x'\n\n[nightly]  # at night\nuser_name = 1\n".replace("user_name = 1", "")
        + f'url = "{simulator.url}"\nusername = "demo"\npassword = "old"\nconcurrency = 3\n'
    )
    typed(password=simulator.api_token)
    result = run("login", "--profile", "nightly", "--with-api-key", "--read-timeout", 50)
    assert result.code == 0, result.err
    account = "API token of profile 'nightly'"
    assert kept.passwords == {(f"mstr-arrow {simulator.url}", account): simulator.api_token}
    assert there()["nightly"] == {
        "url": simulator.url,
        "concurrency": 3,
        "read-timeout": 50.0,
        "api-key": {"keyring": f"mstr-arrow {simulator.url}", "username": account},
    }
    assert (
        (tmp_path / "config.toml").read_text().startswith("# mine\n[default]\nurl = 'x'\n\n[nightly]  # at night\n")
    )
    assert json.loads(run("whoami", "--profile", "nightly", "--json").out)["login_mode"] == "API token"
    assert run("logout", "--profile", "nightly").code == 0
    assert (kept.passwords, "api-key" in there()["nightly"]) == ({}, False)


def test_the_environment_that_beats_the_profile_is_told(run, server, kept, typed):
    typed()
    result = run("login")
    assert "As long as MSTR_URL and MSTR_USERNAME and MSTR_PASSWORD is set" in result.err
    assert list(kept.passwords.values()) == ["demo"]
    assert server.open_sessions == 0


def test_a_password_comes_from_standard_input_without_a_terminal(run, simulator, kept, monkeypatch):
    login = ("login", "--url", simulator.url, "--username", "demo")
    monkeypatch.setattr(sys, "stdin", io.StringIO("demo\n"))
    assert run(*login, "--password-stdin").code == 0
    assert list(kept.passwords.values()) == ["demo"]
    result = run(*login)
    assert result.code == 2
    assert "no terminal" in result.err


def test_a_machine_without_a_keyring_is_told_before_anything_is_typed(run, simulator, use_keyring, typed):
    use_keyring(Missing())
    asked = typed("demo")
    result = run("login", "--url", simulator.url, "--username", "demo")
    assert (result.code, asked) == (2, [])
    assert 'password = {file = "…"}' in result.err


def test_without_the_extra_it_says_what_to_install(run, simulator, typed, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    asked = typed("demo")
    result = run("login", "--url", simulator.url, "--username", "demo")
    assert (result.code, asked) == (2, [])
    assert "pip install 'mstr-arrow[keyring]'" in result.err


@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
def test_what_a_keyring_says_of_a_secret_is_not_shown(run, simulator, use_keyring, typed, verbose, tmp_path):
    use_keyring(Locked())
    typed()
    result = run("login", "--url", simulator.url, "--username", "demo", *verbose)
    assert result.code == 1
    assert "KeyringLocked" in result.err
    assert "cannot store" not in result.err
    assert not (tmp_path / "config.toml").exists()


def test_a_password_that_has_gone_from_the_keyring_says_login(run, simulator, kept, typed):
    typed()
    run("login", "--url", simulator.url, "--username", "demo")
    kept.passwords.clear()
    result = run("ls")
    assert result.code == 1
    assert "Store it by mstr-arrow login." in result.err
