"""A proxy in front of a store, that lets what a test plans go wrong at some byte of what is sent."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

Kind = Literal["cut", "500", "403", "slow"]


@dataclass
class Fault:
    """What happens to the request whose body holds byte ``at`` of all that is written; ``times`` None is always."""

    kind: Kind
    at: int
    times: int | None = None
    met: int = 0


class FaultyStore(Proxy):
    """A proxy that counts the bytes of what is written, and meets them with a fault."""

    def __init__(self, port: int) -> None:
        self.fault: Fault | None = None
        self.written = 0
        self.requests: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._port = port
        super().__init__()
        self.url = f"http://{self.address}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        with self._lock:
            self.requests.append((request.command, request.path))
            begin = self.written
            fault = self._met(request.command, begin, length)
            if fault is None and request.command == "PUT":
                self.written += length
        if fault is not None and fault.kind == "cut":
            request.rfile.read(max(0, fault.at - begin))
            request.close_connection = True
            request.connection.close()
            return
        body = request.rfile.read(length)
        if fault is not None and fault.kind in {"500", "403"}:
            code = "AccessDenied" if fault.kind == "403" else "InternalError"
            said = f"<Error><Code>{code}</Code><Message>planned</Message></Error>".encode()
            self._send(request, int(fault.kind), [("Content-Type", "application/xml")], said)
            return
        if fault is not None:
            time.sleep(0.3)
        upstream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        upstream.request(request.command, request.path, body or None, dict(request.headers))
        answer = upstream.getresponse()
        content = answer.read()
        self._send(request, answer.status, answer.getheaders(), content)
        upstream.close()

    def _met(self, method: str, begin: int, length: int) -> Fault | None:
        fault = self.fault
        if fault is None or method != "PUT" or not begin <= fault.at < begin + length:
            return None
        if fault.times is not None and fault.met >= fault.times:
            return None
        fault.met += 1
        return fault

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        request.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                request.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length")
        request.send_header("Content-Length", length if request.command == "HEAD" and length else str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
