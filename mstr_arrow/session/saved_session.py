"""A session opened elsewhere: read from a dict, JSON or a file, and written for other processes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.http.cookies import TOKEN
from mstr_arrow.http.url import base_url
from mstr_arrow.paths import explain_refusal, path_to_write, read_path
from mstr_arrow.private import read_private, write_private
from mstr_arrow.session.project import PROJECT
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from pathlib import Path

    from mstr_arrow.session.project_http import ProjectHttp

Source: TypeAlias = "Mapping[str, Any] | str | os.PathLike[str]"
"""A dict, its JSON, or the path of a file that holds it."""

Format: TypeAlias = Literal["mstr_arrow", "mstr-rest-requests"]

_HINT = naming(
    'A session is {{"base_url": …, "token": …, "cookies": {{name: value, …}}}}, as '
    "{Connection.save_session()} writes it, or the JSON of mstr-rest-requests."
)


@dataclass(frozen=True, slots=True)
class SavedSession:
    """The URL, token and cookies of a session: a holder acts as the session's user until the session ends."""

    base: str
    token: str = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    project_id: str | None = None

    def document(self, layout: Format = "mstr_arrow") -> dict[str, Any]:
        """Return the session as a dict in the given layout. Errors: UsageError for an unknown layout."""
        cookies = dict(self.cookies)
        if layout == "mstr-rest-requests":
            headers = {TOKEN: self.token, **({PROJECT: self.project_id} if self.project_id else {})}
            return {"base_url": f"{self.base}/api/", "cookies": cookies, "headers": headers}
        if layout != "mstr_arrow":
            raise UsageError(
                f"format={layout!r} is not known.",
                hint='Give "mstr_arrow" or "mstr-rest-requests".',
            )
        return {"base_url": self.base, "token": self.token, "cookies": cookies, "project": self.project_id}


def snapshot_session(http: ProjectHttp) -> SavedSession:
    """Return the session that ``http`` sends requests in, with the project, for use by another process."""
    keys, project = http.own.keys, http.project
    cookies = {cookie.key: cookie.value for cookie in keys.cookies}
    return SavedSession(keys.base, keys.token or "", cookies, project.id if project else None)


def read_session(source: Source, base: str | None = None) -> SavedSession:
    """Read a session; ``base`` is the server's base URL where ``source`` names none.

    A file must be readable by the file's owner alone. Without a token, the cookie ``iSession`` counts as the token,
    as a browser shows the cookie. Errors: UsageError for any other content, and for another server than ``base``;
    SecretError for a file that cannot be read. No error shows the content.

    >>> read_session({"base_url": "https://bi.example.com/Library", "cookies": "JSESSIONID=J1; iSession=T1"}).token
    'T1'
    """
    data = _data(source)
    headers = {name.casefold(): value for name, value in _texts(data.get("headers") or {}, "headers").items()}
    cookies = _cookies(data.get("cookies") or {})
    token = data.get("token") or headers.get(TOKEN.casefold()) or cookies.get("iSession")
    if not isinstance(token, str):
        raise UsageError("the session holds no token.", hint=_HINT)
    named = data.get("base_url")
    own = base_url(named) if isinstance(named, str) and named else base
    if own is None:
        raise UsageError(
            "the session does not say which server it belongs to.",
            hint=naming("Give the URL too. {session}", session=_HINT),
        )
    if base is not None and own != base:
        raise UsageError(
            f"the session belongs to {own}, not to {base}.",
            hint="Leave the URL out, or give the session of that server: its token is sent to no other.",
        )
    project = data.get("project") or headers.get(PROJECT.casefold())
    return SavedSession(own, token, cookies, project if isinstance(project, str) else None)


def save(path: str | os.PathLike[str], document: Mapping[str, Any]) -> None:
    """Write a session, as `SavedSession.document` returns it, for the owner alone. Errors: FileError."""
    file = path_to_write(path)
    with explain_refusal(file, "written"):
        write_private(file, json.dumps(document))


def _data(source: Source) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    if not isinstance(source, str | os.PathLike):
        raise UsageError(
            naming("{connect.session} is of type {kind}.", kind=type(source).__name__),
            hint=naming("Give a dict, JSON or a path. {session}", session=_HINT),
        )
    is_text = isinstance(source, str) and source.lstrip().startswith("{")
    text = str(source) if is_text else _file(read_path(source))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise UsageError(naming("{connect.session} holds no JSON object."), hint=_HINT)
    return data


def _file(path: Path) -> str:
    try:
        content = read_private(path, "a session")
    except OSError as error:
        raise SecretError(
            f"the session in {str(path)!r} could not be read: {error.strerror}.", hint="Is this its path?"
        ) from error
    return content.decode(errors="replace")


def _cookies(value: object) -> dict[str, str]:
    """Read cookies: a dict, or the text of a ``Cookie`` header."""
    if isinstance(value, str):
        pairs = (pair.strip().partition("=") for pair in value.split(";"))
        return {name: text for name, _, text in pairs if name}
    return _texts(value, "cookies")


def _texts(value: object, what: str) -> dict[str, str]:
    if isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair):
        return dict(value)
    raise UsageError(f"the {what} of the session are not texts by name.", hint=_HINT)
