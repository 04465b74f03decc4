"""From the options of a command to a connection."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.cli.options.environment import find_misspelled
from mstr_arrow.cli.options.login_mode import Given, WayIn, choose
from mstr_arrow.cli.options.passwords import STDIN, ask_later, first_line
from mstr_arrow.cli.options.profile import profile_of
from mstr_arrow.cli.options.server import variable
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.trace import listener
from mstr_arrow.config import Limits, Network, Proxy, SessionSettings, Settings, Timeouts, Tls
from mstr_arrow.errors import UsageError
from mstr_arrow.http.url import base_url
from mstr_arrow.opening import connect, connect_async
from mstr_arrow.profiles import CONFIG
from mstr_arrow.secrets.tables import Credentials
from mstr_arrow.session.login_modes import CREDENTIALS, SECRETS

if TYPE_CHECKING:
    from pathlib import Path

    from mstr_arrow.cli.options.profile import Profile
    from mstr_arrow.cli.options.server import Server
    from mstr_arrow.config import Credential
    from mstr_arrow.connection import Connection
    from mstr_arrow.opening import Opening

_LEVELS = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP")
"""Where typer says that a value comes from, the strongest place first: option, environment, profile."""


def open_connection(server: Server, *, limits: Limits | None = None, way_in: WayIn | None = None) -> Connection:
    """Open the connection that a command's options ask for."""
    for name, meant in find_misspelled(os.environ).items():
        Terminal(stderr=True).print(
            f"Warning: nothing reads {name}; did you mean {meant}?", style="yellow", soft_wrap=True
        )
    way_in = way_in or find_way_in(server)
    url = url_of(server, way_in)
    settings = find_settings(server, limits or Limits())
    return connect(url, project=server.project, settings=settings, on_event=listener(), **way_in.arguments)


def open_later(server: Server, requests: int | None) -> Opening:
    """Return the same connection, to be opened on whatever loop awaits it; at most so many requests at once."""
    way_in = find_way_in(server)
    settings = find_settings(server, Limits())
    if requests is not None:
        settings = replace(settings, network=replace(settings.network, connections=requests))
    return connect_async(
        url_of(server, way_in), project=server.project, settings=settings, on_event=listener(), **way_in.arguments
    )


def url_of(server: Server, way_in: WayIn) -> Credential | None:
    """Return the server's URL, or what fetches it; errors: UsageError where there is none."""
    url = find_url(server)
    if url is None and "session" not in way_in.arguments:
        raise UsageError(
            f"there is no URL of a server{_describe_missing_file(server)}.",
            hint="Give it by --url, MSTR_URL or a profile, like https://bi.example.com/MicroStrategyLibrary; "
            "mstr-arrow login writes a profile.",
        )
    return url


def _describe_missing_file(server: Server) -> str:
    """Say that the file which a variable names is not there, which is no error by itself."""
    path = profile_of(server.context).path
    return (
        f", and {CONFIG} names {path}, which is not there" if os.environ.get(CONFIG) and not path.exists() else ""
    )


def find_url(server: Server) -> Credential | None:
    """Return the server's URL, or what fetches it."""
    return server.url if server.url is not None else _get_credential(server, "url")


def find_way_in(server: Server) -> WayIn:
    """Choose who logs in; standard input is read here if it holds the password or the token. Errors: UsageError."""
    levels = [_of_options(server), _of_environment(), _of_profile(server)]
    for argument in ("username", "session"):
        value = getattr(server, argument)
        if value is not None:
            level = _LEVELS.index(_source(server, argument))
            levels[level][argument] = Given(_places(server, argument)[level], value)
    if "session" in levels[0] and "{" in str(server.session):
        raise UsageError(
            "--session holds the session itself, which others can see there.",
            hint="Give the name of a file, or the session by MSTR_SESSION.",
        )
    return choose(levels, ask_later, login_mode=server.login_mode)


def given_as_option(server: Server, argument: str) -> bool:
    """Say whether an argument is from the command line itself."""
    return _source(server, argument) == _LEVELS[0]


def _source(server: Server, argument: str) -> str:
    source = server.context.get_parameter_source(argument)
    return source.name if source else _LEVELS[0]


def _places(server: Server, argument: str) -> tuple[str, str, str]:
    """Name an argument as each level does."""
    option = argument.replace("_", "-")
    return f"--{option}", variable(option), f"{option} of {profile_of(server.context)}"


def _of_options(server: Server) -> dict[str, Given]:
    if server.password_stdin and server.password_file:
        raise UsageError("--password-stdin and --password-file contradict each other.")
    found = {}
    if server.password_stdin:
        found["password"] = Given("--password-stdin", first_line(STDIN))
    if server.password_file:
        found["password"] = Given("--password-file", first_line(server.password_file))
    if server.api_key_file:
        found["api_key"] = Given("--api-key-file", first_line(server.api_key_file))
    return found


def _of_environment() -> dict[str, Given]:
    variables = {argument: variable(argument) for argument in SECRETS}
    return {argument: Given(name, os.environ[name]) for argument, name in variables.items() if os.environ.get(name)}


def _of_profile(server: Server) -> dict[str, Given]:
    """Give what the profile holds, to be refused for another server or user than its own."""
    profile, credentials = profile_of(server.context), Credentials()
    owner = profile.settings.get("username")
    has_owner = owner is not None or "username" in profile.credentials
    elsewhere = _elsewhere(server.url, profile)
    found = {}
    for argument in CREDENTIALS:
        key = argument.replace("_", "-")
        if key in profile.credentials:
            refusal = elsewhere
            if argument == "password" and has_owner and server.username not in {None, owner}:
                refusal = refusal or f"The password of {profile} is that of {owner or 'its own user'}."
            where = f"{key} of {profile}"
            value = credentials.read(profile.credentials[key], where, username=owner or server.username)
            found[argument] = Given(where, value, refusal)
    return found


def _elsewhere(url: str | None, profile: Profile) -> str | None:
    """Say why the secrets of a profile are not sent to a server, if it is not the profile's own."""
    own = profile.settings.get("url")
    if url is None or (own is None and "url" not in profile.credentials):
        return None
    if isinstance(own, str) and base_url(own) == base_url(url):
        return None
    return f"What {profile} holds for its own server is not sent to {base_url(url)}."


def _get_credential(server: Server, key: str) -> Credential | None:
    """Return a credential of the profile, None where it has none."""
    profile = profile_of(server.context)
    if key not in profile.credentials:
        return None
    username = profile.settings.get("username") or server.username
    return Credentials().read(profile.credentials[key], f"{key} of {profile}", username=username)


def find_settings(server: Server, limits: Limits) -> Settings:
    """Return the settings of the connection; errors: UsageError."""
    timeouts = {
        "connect": server.connect_timeout,
        "read": server.read_timeout,
        "execute": server.execute_timeout,
        "publish": server.publish_timeout,
        "total": server.total_timeout,
    }
    tls = Tls(
        ca_file=_expand(server.ca_file),
        system_store=server.system_store,
        cert_file=_expand(server.cert_file),
        key_file=_expand(server.key_file),
        key_password=_secret(server, "key-password") if server.cert_file else None,
        verify=not server.insecure,
    )
    return Settings(
        timeouts=Timeouts(**{wait: seconds for wait, seconds in timeouts.items() if seconds is not None}),
        tls=tls,
        network=Network(proxy=_proxy(server), no_proxy=server.no_proxy or (), connections=server.connections),
        session=SessionSettings(application_type=server.application_type),
        limits=limits,
    )


def _expand(path: Path | None) -> Path | None:
    return path.expanduser() if path else None


def _proxy(server: Server) -> Proxy | None:
    if server.proxy is None:
        return None
    if "@" in server.proxy and given_as_option(server, "proxy"):
        raise UsageError(
            "--proxy holds a user and a password, which others can see there.",
            hint="Give them in MSTR_PROXY, or by --proxy-username and MSTR_PROXY_PASSWORD.",
        )
    password = _secret(server, "proxy-password") if server.proxy_username else None
    return Proxy(server.proxy, server.proxy_username, password)


def _secret(server: Server, key: str) -> Credential | None:
    """Return a secret of the environment or the profile, None where there is none."""
    return os.environ.get(variable(key)) or _get_credential(server, key)
