"""From a table of [servers], or of the profile file, to a connection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mstr_arrow.config import Network, Proxy, SessionSettings, Settings, Timeouts, Tls
from mstr_arrow.errors import UsageError
from mstr_arrow.opening import connect_async
from mstr_arrow.profiles import config_path, profile_from, read_profiles
from mstr_arrow.secrets.tables import Credentials
from mstr_arrow.session.login_modes import CREDENTIALS, USER_MODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.events import OnEvent
    from mstr_arrow.jobs.definition.file_model import Server
    from mstr_arrow.opening import Opening

_WAITS = ("connect", "read", "execute", "publish", "total")
_WAY_IN = (*CREDENTIALS, "login_mode")


def open_server(
    name: str, server: Server, *, folder: Path, requests: int | None, on_event: OnEvent | None
) -> Opening:
    """Return the connection to a server of a file of jobs, which is about to be opened.

    Files that it names are looked for from ``folder`` on; at most ``requests`` are on their way at the same time.
    Errors: UsageError, SecretError, FileError.
    """
    said = server.model_dump(exclude_unset=True, exclude={"profile"})
    if server.profile is not None:
        # The secrets of a profile are not those of another user or server.
        own = not said.keys().isdisjoint({"url", *_WAY_IN})
        profile = _profile(server.profile, server)
        said = {key: value for key, value in profile.items() if not (own and key in _WAY_IN)} | said
    if "url" not in said:
        raise UsageError(f"[servers.{name}] says no url.", hint='Write url = "https://…/MicroStrategyLibrary".')
    read = Credentials()
    username = said.get("username")
    owner = username if isinstance(username, str) else None
    given: dict[str, Any] = {
        key: read.read(said[key], f"{key} of [servers.{name}]", username=owner)
        for key in CREDENTIALS
        if key in said
    }
    if (mode := said.get("login_mode")) is not None:
        given["login_mode"] = USER_MODES.get(mode, mode)
    return connect_async(
        read.read(said["url"], f"url of [servers.{name}]"),
        project=said.get("project"),
        settings=_settings(said, folder, requests),
        on_event=on_event,
        **given,
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
    """Read a profile, as far as it speaks of a server; errors: UsageError, SecretError, FileError."""
    path = config_path()
    table = profile_from(path, read_profiles(path)[1], name)
    keys = {key.replace("_", "-"): key for key in type(server).model_fields}
    return {keys[key]: value for key, value in table.items() if key in keys}
