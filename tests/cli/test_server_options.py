import io
import json
import re
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

from mstr_arrow.cli.options import connecting
from mstr_arrow.errors import UsageError
from mstr_arrow.secrets.tables import Credentials

URL = "http://127.0.0.1:9/Library"
NIGHTLY = f'[default]\nurl = "{URL}"\nusername = "ann"\n'


@pytest.fixture
def connected(run, monkeypatch):
    """Run ``ls`` up to the connection, and give the arguments of it; an error of usage is given as text."""

    def connected(*options):
        given = {}

        def connect(url, **arguments):
            given.update(arguments, url=url)
            raise UsageError("so far")

        monkeypatch.setattr(connecting, "connect", connect)
        result = run("ls", *options)
        assert result.code == 2
        return given or result.err

    return connected


SETTINGS = [
    ("proxy", "http://p.example.com:3128", lambda s: s.network.proxy["all"].url),
    ("no-proxy", "*.example.net", lambda s: s.network.no_proxy[0]),
    ("connections", 3, lambda s: s.network.connections),
    ("ca-file", "/x/ca.pem", lambda s: str(s.tls.ca_file)),
    ("cert-file", "/x/cert.pem", lambda s: str(s.tls.cert_file)),
    ("application-type", 35, lambda s: s.session.application_type),
    ("connect-timeout", 2.5, lambda s: s.timeouts.connect),
    ("read-timeout", 90.0, lambda s: s.timeouts.read),
    ("execute-timeout", 70.0, lambda s: s.timeouts.execute),
    ("publish-timeout", 71.0, lambda s: s.timeouts.publish),
    ("total-timeout", 72.0, lambda s: s.timeouts.total),
]


@pytest.mark.parametrize(("key", "value", "found"), SETTINGS, ids=[key for key, *_ in SETTINGS])
def test_a_flag_beats_the_environment_and_that_the_file_for_each_setting(
    connected, profile, monkeypatch, key, value, found
):
    if isinstance(value, str):
        file, environment = f"{value}/../file" if value[0] == "/" else "http://f.example", value
        file, environment = (file, value.replace("x", "y")) if key != "proxy" else (file, "http://e.example")
    else:
        file, environment = type(value)(value + 1), type(value)(value + 2)
    profile(f"{NIGHTLY}password = 'p'\n{key} = {json.dumps(file)}\n")
    assert found(connected()["settings"]) == file
    monkeypatch.setenv(f"MSTR_{key.upper().replace('-', '_')}", str(environment))
    assert found(connected()["settings"]) == environment
    assert found(connected(f"--{key}", value)["settings"]) == value


def test_switches_are_settings_too(connected, profile, monkeypatch):
    profile(f"{NIGHTLY}password = 'p'\n")
    assert connected()["settings"].tls.verify
    assert connected("--system-store")["settings"].tls.system_store
    monkeypatch.setenv("MSTR_INSECURE", "1")
    assert not connected()["settings"].tls.verify
    assert "--insecure and trusted authorities exclude each other" in connected("--ca-file", "x")


def test_unchecked_certificates_are_said_once(run):
    result = run("ls", "--url", "https://127.0.0.1:9/Library", "--insecure", "--total-timeout", 1)
    assert result.code == 1
    assert result.err.count("certificates are not checked") == 1
    assert "InsecureWarning" not in result.err


def test_a_server_without_encryption_is_said_once_and_may_be_meant(run, monkeypatch):
    arguments = ["ls", "--url", "http://bi.example.invalid", "--total-timeout", 1, "--connect-timeout", 1]
    result = run(*arguments)
    assert result.err.count("http://bi.example.invalid is not encrypted") == 1
    assert "PYTHONWARNINGS=ignore" in result.err
    assert "InsecureWarning" not in result.err
    monkeypatch.setattr(sys, "warnoptions", ["ignore"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "not encrypted" not in run(*arguments).err


def test_a_proxy_is_asked(run):
    result = run("ls", "--url", "http://bi.example.com", "--proxy", "http://127.0.0.1:9")
    assert (result.code, "no connection to the proxy 127.0.0.1:9" in result.err) == (1, True)
    assert "The proxy comes from --proxy" in result.err


def test_passwords_of_proxy_and_key_come_from_environment_or_profile(connected, profile, monkeypatch):
    profile(
        f"{NIGHTLY}password = 'p'\nproxy = 'http://proxy.example.com'\nproxy-username = 'bob'\n"
        "cert-file = 'c.pem'\nproxy-password = {env = 'SOME_PROXY'}\nkey-password = 'k'\n"
    )
    monkeypatch.setenv("SOME_PROXY", "secret1")
    settings = connected()["settings"]
    proxy = settings.network.proxy["all"]
    assert (proxy.username, proxy.password(), settings.tls.key_password) == ("bob", "secret1", "k")
    monkeypatch.setenv("MSTR_PROXY_PASSWORD", "secret2")
    monkeypatch.setenv("MSTR_KEY_PASSWORD", "k2")
    settings = connected()["settings"]
    assert (settings.network.proxy["all"].password, settings.tls.key_password) == ("secret2", "k2")
    monkeypatch.setenv("MSTR_PROXY", "http://eve:secret3@proxy.example.com")
    assert "given twice" in connected()


def test_a_flag_holds_no_secret(connected):
    for option, text in (("--proxy", "http://bob:secret1@proxy"), ("--session", '{"token": "secret1"}')):
        said = connected("--url", URL, option, text)
        assert "others can see" in said
        assert "secret1" not in said


# Who logs in


@pytest.fixture
def private(tmp_path):
    def private(text):
        path = Path(tmp_path / "secret")
        path.write_text(text)
        path.chmod(0o600)
        return path

    return private


def who(given):
    keys = ("username", "password", "login_mode", "api_key", "identity_token", "session")
    texts = {key: given[key] for key in keys if given.get(key) is not None}
    return {key: value() if callable(value) else value for key, value in texts.items()}


def test_each_way_in_by_each_place(connected, profile, private, monkeypatch):
    assert who(connected("--url", URL)) == {}
    profile(f"{NIGHTLY}password = 'p'\n")
    assert who(connected()) == {"username": "ann", "password": "p"}
    assert who(connected("--login-mode", "ldap")) == {"username": "ann", "password": "p", "login_mode": 16}
    profile(f"[default]\nurl = '{URL}'\napi-key = 'key'\n")
    assert who(connected()) == {"api_key": "key"}
    profile(f"[default]\nurl = '{URL}'\nidentity-token = {{env = 'TOKEN'}}\n", mode=0o644)
    monkeypatch.setenv("TOKEN", "token")
    assert who(connected()) == {"identity_token": "token"}
    profile(f"[default]\nurl = '{URL}'\nsession = 'saved.json'\n", mode=0o644)
    assert who(connected()) == {"session": "saved.json"}
    monkeypatch.setenv("MSTR_API_KEY", "key2")
    assert who(connected()) == {"api_key": "key2"}
    assert who(connected("--api-key-file", private("key3\n"))) == {"api_key": "key3"}
    assert who(connected("--session", "other.json")) == {"session": "other.json"}
    monkeypatch.setenv("MSTR_PASSWORD", "p2")
    assert who(connected("--username", "bob")) == {"username": "bob", "password": "p2"}
    monkeypatch.setattr(sys, "stdin", io.StringIO("key4\n"))
    assert who(connected("--api-key-file", "-")) == {"api_key": "key4"}
    monkeypatch.delenv("MSTR_API_KEY")
    monkeypatch.setenv("MSTR_IDENTITY_TOKEN", "token2")
    assert who(connected()) == {"identity_token": "token2"}


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--username", "a", "--session", "s.json"], {}, "--session and --username contradict"),
        ([], {"MSTR_API_KEY": "k", "MSTR_USERNAME": "a"}, "MSTR_API_KEY and MSTR_USERNAME contradict"),
        (["--login-mode", "ldap"], {}, "needs a user name"),
        (["--api-key-file", "nowhere"], {}, "there is no file 'nowhere'"),
        (["--password-file", "secret", "--session", "s.json"], {}, "--password-file and --session contradict"),
        (["--password-file", "secret"], {}, "without a user name"),
        ([], {"MSTR_PASSWORD": "p"}, "MSTR_PASSWORD gives a password without a user name"),
        (["--password-file", "secret", "--password-stdin"], {}, "contradict"),
        (["--read-timeout", "0"], {}, "--read-timeout is 0.0"),
        (["--key-file", "k.pem"], {}, "--key-file and MSTR_KEY_PASSWORD are of no use without --cert-file"),
        (["--proxy", "ftp://x"], {}, "--proxy starts with ftp://"),
    ],
)
def test_what_contradicts_is_refused_in_words_of_the_command(
    connected, private, monkeypatch, tmp_path, options, environment, said
):
    private("p")
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert said in connected("--url", URL, *options)


def test_without_a_url_it_says_how_to_give_one(connected):
    assert "--url, MSTR_URL or a profile" in connected()


@pytest.mark.parametrize("secret", ["password = 'p'", "password = {env = 'P'}", "api-key = 'p'"])
def test_a_profiles_secret_goes_to_its_own_server_and_for_its_own_user(connected, profile, monkeypatch, secret):
    monkeypatch.setenv("P", "p")
    user = "" if "api" in secret else "username = 'ann'\n"
    profile(f"[default]\nurl = '{URL}'\n{user}{secret}\n")
    assert who(connected("--url", f"{URL}/api/"))  # the same server, in other words
    said = connected("--url", "http://127.0.0.1:9/Other")
    assert "profile 'default'" in said
    assert "not sent to http://127.0.0.1:9/Other" in said
    if user:
        assert "is that of ann" in connected("--username", "bob")


def test_a_password_without_a_user_is_anybodys(connected, profile):
    profile(f"[default]\nurl = '{URL}'\npassword = 'p'\n")
    assert who(connected("--username", "bob")) == {"username": "bob", "password": "p"}
    assert "of profile 'default' gives a password without a user name" in connected()
    profile(f"[default]\nurl = '{URL}'\nusername = {{env = 'U'}}\npassword = 'p'\n")
    assert "is that of its own user" in connected("--username", "bob")


def test_a_url_and_a_user_may_be_kept_elsewhere_too(connected, profile, monkeypatch):
    profile("[default]\nurl = {env = 'U'}\nusername = {env = 'N'}\npassword = {env = 'P'}\n", mode=0o644)
    for name, value in {"U": URL, "N": "ann", "P": "p"}.items():
        monkeypatch.setenv(name, value)
    given = connected()
    assert (given["url"](), who(given)) == (URL, {"username": "ann", "password": "p"})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize(
    "secret", ["api-key = 's'", "key-password = 's'", "proxy = 'http://a:s@p'", "session = '{}'", "password = ''"]
)
def test_a_secret_that_others_can_read_is_refused(connected, profile, secret):
    profile(f"[default]\nurl = '{URL}'\n{secret}\n", mode=0o644)
    assert "chmod 600" in connected()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_password_file_that_others_can_read_is_refused(run, server, tmp_path):
    (tmp_path / "password").write_text(server.password)
    (tmp_path / "password").chmod(0o644)
    result = run("ls", "--password-file", tmp_path / "password")
    assert (result.code, "chmod 600" in result.err, "standard input" in result.err) == (1, True, True)


def test_the_settings_that_are_seldom_needed_are_shown_where_the_help_says(run):
    seldom = ("--ca-file", "--login-mode", "--proxy", "MSTR_READ_TIMEOUT")
    for command in ("ls", "fetch", "push", "sql"):
        said = run(command, "--help").out.decode()
        assert "mstr-arrow whoami --help" in said
        assert [option for option in seldom if option in said] == []
        assert "--session" in said
    said = run("whoami", "--help").out.decode()
    assert [option for option in (*seldom, "MSTR_KEY_PASSWORD") if option not in said] == []


def test_a_key_that_is_none_is_told_with_those_there_are(connected, profile):
    profile("[default]\nca_file = 'x'\ncafile = 'x'\n")
    assert "sets cafile, which is no setting" in connected()


def test_the_profiles_of_the_documentation_can_be_used(connected, profile):
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
    profile(page.split("```toml\n")[1].split("```")[0], mode=0o644)
    given = connected("--profile", "nightly")
    assert given["settings"].timeouts.execute == 1800
    assert repr(given["password"]) == "<Secret 'password' of AWS secret 'mstr/prod' in eu-west-1>"
    tables = re.findall(r"`(\{.*?\})`", page)
    assert len(tables) == 8
    for table in tables:
        assert Credentials().read(tomllib.loads(f"x = {table}")["x"], "x", username="ann")
