"""The bound: a client that takes the bodies of all pages from the socket and looks at none.

Plain sockets and threads, one preallocated buffer each; nothing of mstr_arrow. The kernel does the work and lets
the interpreter lock go meanwhile.
"""

from __future__ import annotations

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from mstr_arrow.simulator import SimulatorProcess

_BUFFER = 2**20


class Drain:
    """A login and an instance of one cube, whose pages `run` drains."""

    def __init__(self, sim: SimulatorProcess, cube_id: str, rows: int, total: int) -> None:
        parts = urlsplit(sim.url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._base = f"{parts.path}/api"
        self._pages = [(offset, min(rows, total - offset)) for offset in range(0, total, rows)]
        self._headers = {"Accept": "application/json"}
        login = self._call("POST", "/auth/login", {"username": sim.username, "password": sim.password})
        cookies = "; ".join(value.partition(";")[0] for value in login.headers.get_all("Set-Cookie") or ())
        self._headers |= {"X-MSTR-AuthToken": login.headers["X-MSTR-AuthToken"], "Cookie": cookies}
        projects = json.loads(self._call("GET", "/projects", None).body)
        self._headers["X-MSTR-ProjectID"] = next(item["id"] for item in projects if item["name"] == sim.project)
        self._instances = f"/v2/cubes/{cube_id}/instances"
        self._instance = json.loads(self._call("POST", f"{self._instances}?limit=1", {}).body)["instanceId"]

    def close(self) -> None:
        """Log out."""
        self._call("POST", "/auth/logout", None)

    def run(self, threads: int) -> int:
        """Drain every page over as many connections as threads; return the bytes of the bodies."""
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(self._drain, [self._pages[number::threads] for number in range(threads)]))

    def bodies(self) -> list[bytes]:
        """Fetch every page and keep it."""
        return [self._call("GET", self._path(offset, rows), None).body for offset, rows in self._pages]

    def _path(self, offset: int, rows: int) -> str:
        query = urlencode({"offset": offset, "limit": rows})
        return f"{self._instances}/{self._instance}?{query}"

    def _drain(self, pages: list[tuple[int, int]]) -> int:
        buffer, drained = memoryview(bytearray(_BUFFER)), 0
        with socket.create_connection((self._host, self._port)) as connection:
            for offset, rows in pages:
                lines = [f"GET {self._base}{self._path(offset, rows)} HTTP/1.1", f"Host: {self._host}"]
                lines += [f"{name}: {value}" for name, value in self._headers.items()]
                connection.sendall("\r\n".join([*lines, "", ""]).encode())
                drained += _drain_answer(connection, buffer)
        return drained

    def _call(self, method: str, path: str, body: object) -> _Answer:
        connection = http.client.HTTPConnection(self._host, self._port)
        sent = None if body is None else json.dumps(body)
        connection.request(method, self._base + path, sent, {**self._headers, "Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status} {content[:200]!r}")
        return _Answer(answer.headers, content)


class _Answer:
    def __init__(self, headers: http.client.HTTPMessage, body: bytes) -> None:
        self.headers = headers
        self.body = body


def _drain_answer(connection: socket.socket, buffer: memoryview) -> int:
    """Read one answer into the buffer; return the length of its body."""
    got = _receive(connection, buffer[:4096])
    while (end := bytes(buffer[: min(got, 4096)]).find(b"\r\n\r\n")) < 0:
        got += _receive(connection, buffer[got:4096])
    head = bytes(buffer[:end]).lower()
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"the server answered {head[:80]!r}")
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    missing = length - (got - end - 4)
    while missing > 0:
        missing -= _receive(connection, buffer[: min(missing, _BUFFER)])
    return length


def _receive(connection: socket.socket, buffer: memoryview) -> int:
    count = connection.recv_into(buffer)
    if not count:
        raise RuntimeError("the server closed the connection")
    return count
