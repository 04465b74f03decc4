"""``mstr-arrow login`` and ``logout``: a secret in the operating system's keyring, and the profile that uses it."""

import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from mstr_arrow.cli.commands.whoami import look_around
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import find_url, given_as_option, open_connection
from mstr_arrow.cli.options.keyrings import SERVICE, forget, keep, require_keyring, service_of
from mstr_arrow.cli.options.login_mode import name_way_in
from mstr_arrow.cli.options.passwords import STDIN, ask_secret, ask_text, first_line
from mstr_arrow.cli.options.profile import Profile, profile_of
from mstr_arrow.cli.options.profile_file import change_profile
from mstr_arrow.cli.options.server import ProfileName, Server, is_seldom, takes_server, variable
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.config import Credential
from mstr_arrow.credentials import resolve_here
from mstr_arrow.errors import UsageError
from mstr_arrow.http.url import base_url
from mstr_arrow.names import listing
from mstr_arrow.session.login_modes import CREDENTIALS

LOGINS = (*(argument.replace("_", "-") for argument in CREDENTIALS), "login-mode", "session")
"""Keys of a profile that say who logs in: one way in takes the place of the others."""


@takes_server(all_options=True)
def login(
    *,
    server: Server,
    with_api_key: Annotated[
        bool, typer.Option("--with-api-key", help="Ask for an API token, in place of user name and password.")
    ] = False,
    verbose: common.Verbose = False,
) -> None:
    """Log in, keep the password in the operating system's keyring, and write a profile that uses it.

    It is asked for here, and later commands take it from the keyring. The profile, "default" without --profile,
    holds server, user, project and the options that were given, never the password.
    Needs the extra keyring.
    """
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        if server.session is not None and given_as_option(server, "session"):
            raise UsageError("a session is not kept.", hint="Drop --session, and log in by a password or a token.")
        require_keyring()
        profile = profile_of(server.context)
        base = base_url(_text(find_url(server), "URL of the server"))
        server = replace(server, url=base)
        key = with_api_key or server.api_key_file is not None
        username = f"API token of {profile}" if key else _text(server.username, "User name")
        secret = _secret(server, username, key=key)
        arguments = {"api_key": secret} if key else {"username": username, "password": secret}
        way_in = name_way_in(arguments, server.login_mode)
        with open_connection(server, way_in=way_in) as connection:
            facts = look_around(connection)
        service = service_of(base)
        keep(service, username, secret)
        change_profile(profile.path, profile.name, _changes(server, service, username, key=key))
        _say(console, f"Logged in as {facts['user']} at {base}, server {facts['server_version'] or 'unknown'}.")
        what = "token" if key else "password"
        _say(console, f"The {what} is in the keyring; {profile} in {profile.path} takes it from there.")
        for line in _hints(profile, facts):
            _say(console, line)


def logout(
    context: typer.Context,
    *,
    profile_name: ProfileName = None,  # noqa: ARG001 - its callback has used it
    verbose: common.Verbose = False,
) -> None:
    """Remove from the keyring what mstr-arrow login has put there, and from the profile what used it."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        profile = profile_of(context)
        stored = {key: table for key, table in profile.credentials.items() if _is_ours(table)}
        if not stored:
            _say(console, f"Nothing of {profile} in {profile.path} is in the keyring by mstr-arrow login.")
            return
        for table in stored.values():
            forget(table["keyring"], str(table.get("username") or profile.settings.get("username")))
        change_profile(profile.path, profile.name, dict.fromkeys(stored))
        _say(console, f"Removed from the keyring, and from {profile}: {', '.join(stored)}.")


def _is_ours(table: object) -> bool:
    return isinstance(table, dict) and str(table.get("keyring", "")).startswith(f"{SERVICE} ")


def _text(known: Credential | None, question: str) -> str:
    """Return a text that is known, or ask for it; errors: UsageError where there is nobody to ask."""
    if known is not None:
        return resolve_here(known, question)
    if not sys.stdin.isatty():
        raise UsageError(f"there is no terminal to ask on: {question}?", hint="Give --url and --username.")
    text = ""
    while not text:
        text = ask_text(f"{question}: ")
    return text


def _secret(server: Server, username: str, *, key: bool) -> str:
    """Return the password or token: from a file or standard input, or asked for on the terminal."""
    file = server.api_key_file if key else STDIN if server.password_stdin else server.password_file
    if file is not None:
        return resolve_here(first_line(file), str(file))
    if not sys.stdin.isatty():
        option = "--api-key-file" if key else "--password-file or --password-stdin"
        raise UsageError("there is no terminal to ask for the secret on.", hint=f"Use {option}.")
    return ask_secret("API token: " if key else f"Password of {username}: ")


def _changes(server: Server, service: str, username: str, *, key: bool) -> dict[str, Any]:
    """Return the changes of the profile: one way in for another, and the options of the command."""
    network = {
        field.name.replace("_", "-"): _value(getattr(server, field.name))
        for field in fields(Server)
        if is_seldom(field.name) and given_as_option(server, field.name)
    }
    kept = {"keyring": service, "username": username} if key else {"keyring": service}
    mode = None if key else server.login_mode
    ways = {"api-key": kept} if key else {"username": username, "login-mode": mode, "password": kept}
    project = {} if server.project is None else {"project": server.project}
    return {"url": server.url, **dict.fromkeys(LOGINS), **network, **ways, **project}


def _value(value: object) -> object:
    return str(value.expanduser().resolve()) if isinstance(value, Path) else value


def _hints(profile: Profile, facts: dict[str, Any]) -> list[str]:
    """Say what beats the profile, and what is left to choose."""
    lines = []
    if facts["project"] is None:
        lines.append(f"No project is chosen. There are: {listing(facts['projects']) or 'none'}.")
    beating = [variable(name) for name in ("url", *CREDENTIALS, "session")]
    if found := [name for name in beating if os.environ.get(name)]:
        lines.append(f"As long as {' and '.join(found)} is set, it is used instead.")
    option = "" if profile.name == "default" else f" --profile {profile.name}"
    return [*lines, f"Now: mstr-arrow ls{option}"]


def _say(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True)
