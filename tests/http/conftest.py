"""What stands between a client and a server: an authority for certificates, TLS, a forward proxy."""

import asyncio
import base64
import contextlib
import ssl
import threading
from urllib.parse import urlsplit

import pytest

LIBRARY = "/MicroStrategyLibrary"


class Listener:
    """A server on its own loop and thread, each of whose connections is served by ``serve``."""

    def __init__(self, context=None):
        self.context = context
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    async def serve(self, reader, writer):
        raise NotImplementedError

    async def _guarded(self, reader, writer):
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
                await writer.drain()
        finally:
            writer.close()

    async def _start(self):
        self._server = await asyncio.start_server(self._guarded, "127.0.0.1", 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self):
        self._server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0.01)  # closed transports say farewell

    def __enter__(self):
        self._loop.set_exception_handler(lambda *_: None)  # handshakes that fail are what tests are about
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


async def join(reader, writer, host, port, head=b""):
    """Connect to a server and pass on what either side sends until one of them closes."""
    server_reader, server_writer = await asyncio.open_connection(host, port)
    server_writer.write(head)
    await server_writer.drain()

    async def pass_on(source, target):
        try:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    target.write(data)
                    await target.drain()
        finally:
            target.close()

    await asyncio.gather(pass_on(reader, server_writer), pass_on(server_reader, writer))


class TlsFront(Listener):
    """Takes TLS away and passes on to a server that speaks none."""

    def __init__(self, target, context):
        super().__init__(context)
        self.target = target
        self.url = ""

    async def serve(self, reader, writer):
        await join(reader, writer, "127.0.0.1", self.target)


class ForwardProxy(Listener):
    """A proxy that tunnels by CONNECT and forwards plain requests; ``login`` is what it wants, ``user:password``.

    ``answer`` is sent in place of any service; ``target`` is the port of this machine that every host leads to.
    """

    def __init__(self, context=None, *, login=None, answer=None, target=None):
        super().__init__(context)
        self.login = login
        self.answer = answer
        self.target = target
        self.heads = []

    @property
    def address(self):
        return f"{'https' if self.context else 'http'}://localhost:{self.port}"

    @property
    def methods(self):
        return [head.split()[0] for head in self.heads]

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        request, *lines = head.strip().split("\r\n")
        method, target, _ = request.split()
        wanted = f"Basic {base64.b64encode((self.login or '').encode()).decode()}"
        given = [line.partition(": ")[2] for line in lines if line.lower().startswith("proxy-authorization:")]
        if self.login and given != [wanted]:
            body = b"<html>who are you?</html>"
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n")
            writer.write(b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        elif self.answer:
            writer.write(f"HTTP/1.1 {self.answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        elif method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join(reader, writer, "127.0.0.1", self.target or int(target.rpartition(":")[2]))
        else:
            parts = urlsplit(target)
            kept = [line for line in lines if not line.lower().startswith(("proxy-", "connection:"))]
            path = parts._replace(scheme="", netloc="").geturl()
            forwarded = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""])
            await join(reader, writer, "127.0.0.1", self.target or parts.port, forwarded.encode())


@pytest.fixture(scope="session")
def authority():
    """An authority of the test's own."""
    trustme = pytest.importorskip("trustme")
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    """The authority's certificate, PEM."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(authority.cert_pem.bytes())
    return path


@pytest.fixture(scope="session")
def server_context(authority):
    """What a server on localhost needs to speak TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def secure(simulator, server_context):
    """The simulator behind TLS; its ``url`` starts with https."""
    with TlsFront(urlsplit(simulator.url).port, server_context) as front:
        front.url = f"https://localhost:{front.port}{LIBRARY}"
        yield front


@pytest.fixture
def tls_front():
    """Start TLS with a context of the test's own before a port of this machine."""
    with contextlib.ExitStack() as started:

        def start(target, context):
            front = started.enter_context(TlsFront(target, context))
            front.url = f"https://localhost:{front.port}{LIBRARY}"
            return front

        yield start


@pytest.fixture
def forward_proxy():
    """Start a forward proxy."""
    with contextlib.ExitStack() as started:
        yield lambda *arguments, **options: started.enter_context(ForwardProxy(*arguments, **options))


@pytest.fixture(autouse=True)
def no_proxy_settings(monkeypatch):
    """No proxy but the test's own."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
