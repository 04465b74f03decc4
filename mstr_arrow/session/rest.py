"""Requests to any endpoint of the REST API, also to those without a call in this package."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from mstr_arrow.given import check_type
from mstr_arrow.http.cookies import SessionKeys
from mstr_arrow.http.response import parse_json
from mstr_arrow.http.subject import Subject
from mstr_arrow.session.session_client import Connected
from mstr_arrow.signatures import takes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Unpack

    from mstr_arrow.http.client import Http
    from mstr_arrow.http.request import Wait
    from mstr_arrow.http.response import Response
    from mstr_arrow.masked import Masked
    from mstr_arrow.session.project_http import ProjectHttp

_ABOUT_SESSION = frozenset({"auth", "sessions", "status", "projects"})
"""First segments of paths that get no project header."""

_OF_SESSION = (
    (re.compile(r"/instances/[^/]"), Subject.INSTANCE),
    (re.compile(r"/uploadSessions/[^/]"), Subject.UPLOAD),
    (re.compile(r"^/?(api/)?auth/(login|delegate)\b"), Subject.LOG_IN),
)
_MODEL_HEADERS = frozenset({"x-mstr-ms-instance", "x-mstr-ms-changeset", "x-mstr-datamodelinstanceid"})


@dataclass(frozen=True, slots=True)
class RestResponse:
    """The successful response of an endpoint; ``headers`` is case-insensitive, ``content`` unpacked bytes."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    _secrets: Sequence[Masked] = field(default=(), repr=False)

    def json(self) -> Any:
        """Parse the body as JSON. Raise ProtocolError for any other body."""
        return parse_json(self.content, self._secrets)


class Sent(TypedDict, total=False):
    """The content of a request, and the rules for sending it."""

    params: Mapping[str, object] | None
    json: object
    data: bytes | str | None
    headers: Mapping[str, str] | None
    safe: bool | None
    wait: Wait


class Options(Sent, total=False):
    """The options of `Endpoints.request` beside method and path.

    ``params``
        the query; a list repeats the name, None leaves the name out.
    ``json``, ``data``
        the body: ``json`` is serialized; ``data`` is text or bytes, sent as given.
    ``headers``
        further headers.
    ``project``
        the project for the project header, by name or id. True is the connection's project; False is none. None,
        the default, is the connection's project, except for endpoints about the session, the server or projects.
    ``include_auth``
        False sends neither token nor cookies, keeps no cookies, and sends no project header unless ``project`` is
        given.
    ``safe``
        whether the client may repeat the request when the response is lost; by default True for GET and HEAD.
    ``wait``
        ``"execute"`` allows ``Timeouts.execute`` (seconds) for the first byte, in place of ``Timeouts.read``.
    """

    project: bool | str | None
    include_auth: bool


class Endpoints(Connected):
    """One call for each HTTP method."""

    @takes(Options)
    def request(self, method: str, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a request to any endpoint; return the response. ``path`` may begin with a slash and ``/api``.

        `Options` lists the ``options``. Retries, time-outs and the renewal of a session are those of every other
        call. Raises the typed errors of every other call, also for errors that come with a status of success. The
        response holds the body in memory; unpacking holds it twice.

        >>> with ma.connect(url, username=user, password=password, project="Simulated Retail") as conn:
        ...     cubes = conn.get("searches/results", params={"type": [776, 779], "name": "sales"}).json()
        ...     version = conn.get("status", include_auth=False).json()["iServerVersion"]
        >>> cubes["totalItems"], version
        (1, '11.5.0900.00123')
        """
        return self._client.run(self._request(method, path, **options))

    @takes(Options)
    async def request_async(self, method: str, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a request as `request` does, without blocking the event loop."""
        return await self._client.bridge(self._request(method, path, **options))

    async def _request(
        self,
        method: str,
        path: str,
        *,
        project: bool | str | None = None,
        include_auth: bool = True,
        **sent: Unpack[Sent],
    ) -> RestResponse:
        _check(method, path, sent)
        http = self._client.http
        keys = None if include_auth else SessionKeys(http.own.base)
        subject = subject_of(path, sent.get("params") or (), sent.get("headers") or ())
        sender = http if project is True else await _sender(http, path, project, include_auth=include_auth)
        content = b""

        async def unpack(response: Response) -> None:
            nonlocal content
            packed = response.encoding and response.body  # an answer to HEAD has the header alone
            content = await asyncio.to_thread(response.content) if packed else response.body

        response = await sender.request(method, path, keys=keys, subject=subject, check=unpack, **sent)
        return RestResponse(response.status, response.headers, content, response.secrets)

    @takes(Options)
    def get(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a GET; see `request`."""
        return self.request("GET", path, **options)

    @takes(Options)
    def head(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a HEAD; see `request`."""
        return self.request("HEAD", path, **options)

    @takes(Options)
    def post(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a POST; see `request`."""
        return self.request("POST", path, **options)

    @takes(Options)
    def put(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a PUT; see `request`."""
        return self.request("PUT", path, **options)

    @takes(Options)
    def patch(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a PATCH; see `request`."""
        return self.request("PATCH", path, **options)

    @takes(Options)
    def delete(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a DELETE; see `request`."""
        return self.request("DELETE", path, **options)

    @takes(Options)
    async def get_async(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a GET as `get` does, without blocking the event loop."""
        return await self.request_async("GET", path, **options)

    @takes(Options)
    async def head_async(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a HEAD as `head` does, without blocking the event loop."""
        return await self.request_async("HEAD", path, **options)

    @takes(Options)
    async def post_async(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a POST as `post` does, without blocking the event loop."""
        return await self.request_async("POST", path, **options)

    @takes(Options)
    async def put_async(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a PUT as `put` does, without blocking the event loop."""
        return await self.request_async("PUT", path, **options)

    @takes(Options)
    async def patch_async(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a PATCH as `patch` does, without blocking the event loop."""
        return await self.request_async("PATCH", path, **options)

    @takes(Options)
    async def delete_async(self, path: str, **options: Unpack[Options]) -> RestResponse:
        """Send a DELETE as `delete` does, without blocking the event loop."""
        return await self.request_async("DELETE", path, **options)


def _check(method: str, path: str, sent: Sent) -> None:
    """Refuse what cannot be sent; errors: UsageError."""
    check_type("method", method, str, "a text, such as GET")
    check_type("path", path, str, "a text, such as /api/v2/cubes/…")
    for name in ("params", "headers"):
        if sent.get(name) is not None:
            check_type(name, sent[name], Mapping, "a dict")
    if sent.get("data") is not None:
        check_type("data", sent["data"], (str, bytes), "text or bytes")


async def _sender(
    http: ProjectHttp, path: str, project: Literal[False] | str | None, *, include_auth: bool
) -> Http | ProjectHttp:
    """Return what sends a request: the requests about a project, or those of the session, which name none."""
    if isinstance(project, str):
        return await http.beside_named(project)
    first = path.strip("/").removeprefix("api/").split("?")[0].split("/")[0]
    if project is False or first in _ABOUT_SESSION or not include_auth:
        return http.own
    return http.own if await http.find_project() is None else http


def subject_of(path: str, params: Iterable[str] = (), headers: Iterable[str] = ()) -> Subject | None:
    """Tell from the path which kind of resource a request is about, None where the path does not tell.

    >>> subject_of("v2/cubes/C1/instances/I1"), subject_of("v2/cubes/C1/instances")
    (<Subject.INSTANCE: 'instance'>, None)
    """
    for pattern, subject in _OF_SESSION:
        if pattern.search(path.partition("?")[0]):
            return subject
    if "searchId" in params:
        return Subject.SEARCH
    return None if _MODEL_HEADERS.isdisjoint(map(str.lower, headers)) else Subject.MODEL
