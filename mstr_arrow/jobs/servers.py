"""From a table of [servers], or of the profile file, to a connection."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mstr_arrow.config import Network, Proxy, SessionSettings, Settings, Timeouts, Tls
from mstr_arrow.errors import UsageError
from mstr_arrow.names import suggestion
from mstr_arrow.opening import connect_async
from mstr_arrow.paths import explain_refusal
from mstr_arrow.private import is_shared, way_out
from mstr_arrow.profiles import config_path
from mstr_arrow.secrets.tables import Credentials
from mstr_arrow.session.login_modes import LoginMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.config import Credential
    from mstr_arrow.events import OnEvent
    from mstr_arrow.jobs.file_model import Server
    from mstr_arrow.opening import Opening

_WAITS = ("connect", "read", "execute", "publish", "total")
_LOGIN = ("username", "password", "api_key", "identity_token")
_SECRET = frozenset({"password", "api_key", "identity_token"})


def open_server(
    name: str, server: Server, *, folder: Path, requests: int | None, on_event: OnEvent | None
) -> Opening:
    """Return the connection to a server of a file of jobs, which is about to be opened.

    Files that it names are looked for from ``folder`` on; at most ``requests`` are on their way at the same time.
    Errors: UsageError, FileError.
    """
    said = server.model_dump(exclude_unset=True, exclude={"profile"})
    if server.profile is not None:
        # The secrets of a profile are not those of another user or server.
        own = not said.keys().isdisjoint({"url", *_LOGIN})
        profile = _profile(server.profile, server)
        said = {key: value for key, value in profile.items() if not (own and key in _LOGIN)} | said
    if "url" not in said:
        raise UsageError(f"[servers.{name}] says no url.", hint='Write url = "https://…/MicroStrategyLibrary".')
    read = Credentials()
    username = said.get("username")
    owner = username if isinstance(username, str) else None
    given: dict[str, Credential] = {
        key: read.read(said[key], f"{key} of [servers.{name}]", username=owner) for key in _LOGIN if key in said
    }
    if said.get("login_mode") == "ldap":
        given["login_mode"] = LoginMode.LDAP  # type: ignore[assignment]  # the one that is no credential
    return connect_async(
        read.read(said["url"], f"url of [servers.{name}]"),
        project=said.get("project"),
        settings=_settings(said, folder, requests),
        on_event=on_event,
        **given,  # type: ignore[arg-type]  # by name
    )


def _settings(said: Mapping[str, Any], folder: Path, requests: int | None) -> Settings:
    def file(key: str) -> Path | None:
        return folder / Path(said[key]).expanduser() if said.get(key) else None

    return Settings(
        timeouts=Timeouts(
            **{wait: float(said[f"{wait}_timeout"]) for wait in _WAITS if said.get(f"{wait}_timeout")}
        ),
        tls=Tls(
            ca_file=file("ca_file"),
            system_store=said.get("system_store", False),
            cert_file=file("cert_file"),
            key_file=file("key_file"),
            verify=not said.get("insecure", False),
        ),
        network=Network(
            proxy=Proxy(said["proxy"]) if said.get("proxy") else None,
            no_proxy=said.get("no_proxy") or (),
            connections=requests,
        ),
        session=SessionSettings(application_type=said.get("application_type")),
    )


def _profile(name: str, server: Server) -> dict[str, Any]:
    """Read a profile, as far as it speaks of a server; errors: UsageError, FileError."""
    path = config_path()
    with explain_refusal(path, "read"):
        raw = path.read_bytes()
    try:
        profiles = tomllib.loads(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint="It is TOML.") from None
    if not isinstance(profiles.get(name), dict):
        raise UsageError(f"there is no profile {name!r} in {path}.", hint=suggestion(name, sorted(profiles)))
    table = {key.replace("-", "_"): value for key, value in profiles[name].items()}
    secret = next((key for key in _SECRET if isinstance(table.get(key), str)), None)
    if secret and is_shared(path):
        raise UsageError(f"{path} holds a secret ({secret}) and others can read it.", hint=way_out(path))
    return {key: value for key, value in table.items() if key in type(server).model_fields}
