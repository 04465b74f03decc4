"""A server of which one endpoint is hostile: it stands before the simulator, and gives answers in its place."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from tests.hostile.answers import ANSWERS
from tests.hostile.making import Plain

if TYPE_CHECKING:
    from contextlib import ExitStack

    from mstr_arrow.simulator import Simulator

LARGEST_HEAD = 2**17
_OF_THE_WAY = {"connection", "content-length", "transfer-encoding", "keep-alive"}


class Aim(NamedTuple):
    """Which requests get which hostile answer."""

    answer: str
    method: str
    path: str


class HostileServer:
    """A front before a simulator: passes on what is asked and answered, but for requests that are aimed at."""

    def __init__(self, behind: Simulator, opened: ExitStack | None = None) -> None:
        self._behind = behind
        self._opened = opened
        """What lives as long as this."""
        self._port = urlsplit(behind.url).port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hostile", daemon=True)
        self._aim: Aim | None = None
        self._own: asyncio.Server | None = None
        self._hits = 0
        self.port = 0
        self._secrets = set[str]()

    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}{urlsplit(self._behind.url).path}"

    def secrets(self) -> set[str]:
        """Return the tokens that were handed out."""
        return set(self._secrets)

    def aim(self, answer: str, method: str, path: str) -> None:
        """Answer requests whose path a regular expression finds in this way, from now on."""
        self._hits, self._aim = 0, Aim(answer, method, path)

    def calm(self) -> int:
        """Answer everything as it is due; return how many answers were hostile since `aim`."""
        self._aim = None
        return self._hits

    def left_open(self) -> int:
        """Count the sessions that are open, and end them."""
        left = self._behind.open_sessions
        self._behind.expire_sessions()
        return left

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._loop.set_exception_handler(lambda *_: None)  # connections that break are what it is about
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving, whatever goes on."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _start(self) -> None:
        self._own = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LARGEST_HEAD)
        self.port = self._own.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._own.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0.01)  # closed transports say farewell

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._answered(reader, writer):
                    pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1)  # or the end of the loop finds it half closed

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tell whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        body = await reader.readexactly(length)
        aim, path = self._aim, urlsplit(target).path
        aimed = aim is not None and aim.method == method and re.search(aim.path, path)
        if aimed and ANSWERS[aim.answer].first:
            first = re.sub(r"([?&]offset=)\d+", r"\g<1>0", first)
        plain = await self._due(first, headers, body)
        self._secrets |= {value for name, value in plain.headers if name.lower() == "x-mstr-authtoken"}
        if not aimed:
            writer.write(plain.sent())
            await writer.drain()
            return True
        self._hits += 1
        token = next((value for name, value in headers if name == "X-MSTR-AuthToken"), "")
        asked = plain._replace(token=token, headers=[*plain.headers, ("Connection", "close")])
        for piece in ANSWERS[aim.answer].pieces(asked):
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await self._still(reader, piece)
        return False

    async def _still(self, reader: asyncio.StreamReader, seconds: float) -> None:
        """Send nothing for so long; raises ConnectionResetError where the client has gone meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if not await reader.read(1):
                    raise ConnectionResetError

    async def _due(self, first: str, headers: list[tuple[str, ...]], body: bytes) -> Plain:
        """Pass a request on, and return what is answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            kept = [
                (name, value) for name, value in headers if name.lower() not in {"connection", "accept-encoding"}
            ]
            lines = [first, *(f"{name}: {value}" for name, value in kept), "Connection: close", "", ""]
            writer.write("\r\n".join(lines).encode("latin-1") + body)
            answer = await reader.read()
        finally:
            writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        status, *told = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in told]
        kept = [(name, value) for name, value in pairs if name.lower() not in _OF_THE_WAY]
        return Plain(int(status.split(" ")[1]), kept, content)
