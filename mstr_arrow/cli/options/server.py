"""The options that say which server a command talks to, and as whom: said once for all commands.

A setting is an option, an environment variable ``MSTR_…`` and a key of a profile, in this order of precedence. A
secret is never an option's value.
"""

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from mstr_arrow.cli.options.profile import use_profile
from mstr_arrow.session.login_modes import UserMode

SERVER, NETWORK = "Server", "Network"


def variable(name: str) -> str:
    """Give the environment variable of a setting.

    >>> variable("ca-file")
    'MSTR_CA_FILE'
    """
    return f"MSTR_{name.upper().replace('-', '_')}"


def _often(name: str, metavar: str, text: str) -> Any:
    return typer.Option(name, metavar=metavar, envvar=variable(name[2:]), help=text, rich_help_panel=SERVER)


def _seldom(name: str, text: str, metavar: str | None = None) -> Any:
    return typer.Option(name, metavar=metavar, envvar=variable(name[2:]), help=text, rich_help_panel=NETWORK)


ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        envvar="MSTR_PROFILE",
        callback=use_profile,
        is_eager=True,
        help="Take what is not given here from this table of the profile file.",
        rich_help_panel=SERVER,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The options of a command that describe the server: a field per option."""

    context: typer.Context
    url: Annotated[str | None, _often("--url", "URL", "The Library's, as a browser shows it. Required.")] = None
    username: Annotated[
        str | None, _often("--username", "NAME", "Without it or another way to log in, you are a guest.")
    ] = None
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Read the password from the first line of a file that nobody else can read.",
            rich_help_panel=SERVER,
        ),
    ] = None
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read it from standard input.", rich_help_panel=SERVER)
    ] = False
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Log in by the API token in such a file; - is standard input.",
            rich_help_panel=SERVER,
        ),
    ] = None
    session: Annotated[
        str | None, _often("--session", "FILE", "Use a session that Connection.save_session() has written.")
    ] = None
    project: Annotated[
        str | None, _often("--project", "NAME", "Name or id; not needed where you may use only one.")
    ] = None
    profile: ProfileName = None
    login_mode: Annotated[UserMode | None, _seldom("--login-mode", "Who checks user name and password.")] = None
    application_type: Annotated[
        int | None, _seldom("--application-type", "The client that the server is told this is.", "NUMBER")
    ] = None
    proxy: Annotated[
        str | None,
        _seldom("--proxy", "Such as http://proxy.example.com:3128; else HTTPS_PROXY and its kin are used.", "URL"),
    ] = None
    proxy_username: Annotated[str | None, _seldom("--proxy-username", "The proxy's user.", "NAME")] = None
    no_proxy: Annotated[
        str | None, _seldom("--no-proxy", "Reached directly, with commas between; * is all.", "HOSTS")
    ] = None
    ca_file: Annotated[Path | None, _seldom("--ca-file", "Authorities to trust as well, PEM.", "FILE")] = None
    system_store: Annotated[
        bool, _seldom("--system-store", "Trust what the operating system trusts; extra truststore.")
    ] = False
    cert_file: Annotated[Path | None, _seldom("--cert-file", "Certificate to show to the server, PEM.", "FILE")] = (
        None
    )
    key_file: Annotated[Path | None, _seldom("--key-file", "Its key, if not in the same file.", "FILE")] = None
    insecure: Annotated[
        bool, _seldom("--insecure", "Accept any certificate: for a laboratory only, since passwords can be read.")
    ] = False
    connect_timeout: Annotated[float | None, _seldom("--connect-timeout", "For a connection.", "SECONDS")] = None
    read_timeout: Annotated[
        float | None, _seldom("--read-timeout", "For silence before and within a response.", "SECONDS")
    ] = None
    execute_timeout: Annotated[
        float | None, _seldom("--execute-timeout", "For the execution of a report and the like.", "SECONDS")
    ] = None
    publish_timeout: Annotated[
        float | None, _seldom("--publish-timeout", "For the publishing of a push, and a refresh.", "SECONDS")
    ] = None
    total_timeout: Annotated[
        float | None, _seldom("--total-timeout", "For a request with all its repetitions.", "SECONDS")
    ] = None
    connections: Annotated[
        int | None, _seldom("--connections", "Requests on their way at once; no limit if nothing is said.", "N")
    ] = None


def is_seldom(field: str) -> bool:
    """Say whether a field is one of those that the help of most commands does not show."""
    return _is_seldom(Server.__annotations__[field])


def takes_server(*, all_options: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command's parameter ``server: Server`` be filled by options, which its help shows in that place.

    So are parameters that are other groups of options: dataclasses with a field for each. Options of the server
    that are seldom needed are shown with ``all_options`` only; they work in any case.
    """

    def take_options(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        groups = {
            name: [_hide_seldom(option, all_options) for option in inspect.signature(group).parameters.values()]
            for name, group in ((name, each.annotation) for name, each in signature.parameters.items())
            if isinstance(group, type) and is_dataclass(group)
        }
        parameters = [
            each for name, parameter in signature.parameters.items() for each in groups.get(name, [parameter])
        ]

        @wraps(command)
        def run(**given: Any) -> None:
            for name, options in groups.items():
                fields = {option.name: given.pop(option.name) for option in options}
                given[name] = signature.parameters[name].annotation(**fields)
            command(**given)

        # What typer looks at.
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # as PEP 362 has it
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return take_options


def _hide_seldom(option: inspect.Parameter, seldom: bool) -> inspect.Parameter:
    """Hide an option that is seldom needed, unless those are to be shown."""
    if seldom or not _is_seldom(option.annotation):
        return option
    kind, info = get_args(option.annotation)
    hidden = copy(info)
    hidden.hidden = True
    return option.replace(annotation=Annotated[kind, hidden])


def _is_seldom(annotation: Any) -> bool:
    return any(info.rich_help_panel == NETWORK for info in getattr(annotation, "__metadata__", ()))
