"""Bodies that are legal but unusual, at every endpoint: what is read of them is what is read of others."""

import contextlib
import gzip

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault
from tests.http.conftest import LIBRARY, Listener
from tests.reliability.endpoints import ENDPOINTS, serving
from tests.support.servers import connect_to
from tests.support.slow import thinned

UNUSUAL = {
    "byte order mark and white space": lambda body: b"\xef\xbb\xbf\r\n\t " + body + b"\n\n" if body else body,
    "UTF-16": lambda body: body.decode().encode("utf-16") if body else body,
}


@pytest.fixture(scope="module")
def sim():
    with serving() as server:
        yield server


def connected(sim):
    return connect_to(sim, project=sim.project)


@pytest.mark.parametrize("how", thinned(UNUSUAL, {"UTF-16"}))
def test_every_endpoint_is_read_however_its_text_is_written(sim, how):
    sim.fail(Fault.rewritten(UNUSUAL[how]).on(times=None))
    try:
        with connected(sim) as connection:
            for endpoint in ENDPOINTS.values():
                endpoint.call(connection)
    finally:
        sim.heal()


class Odd(Listener):
    """A Library over a bare socket, whose answers after the log-in are given as they go out."""

    answer = b""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{LIBRARY}"

    async def serve(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if length:
                await reader.readexactly(int(length[0].partition(b":")[2]))
            if b"/auth/login" in head:
                writer.write(b"HTTP/1.1 204 No Content\r\nX-MSTR-AuthToken: token\r\n\r\n")
            elif b"/auth/logout" in head or b"/api/status" in head:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            else:
                writer.write(self.answer)
                await writer.drain()
                if b"close" in self.answer:
                    return
            await writer.drain()


def told(answer):
    """Return what a connection reads of an answer, or the error that it makes of it."""
    with Odd() as library:
        library.answer = answer
        settings = ma.Settings(retry=ma.Retry(attempts=1), timeouts=ma.Timeouts(read=2, logout=1))
        with contextlib.closing(
            ma.connect(library.url, username="ann", password="secret", settings=settings)
        ) as connection:
            try:
                return connection.get("sessions").json()
            except errors.MstrError as error:
                return error


BODY = b'{"timeout": 1800}'


def chunked(*pieces):
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(BODY[:3], BODY[3:]),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" + BODY,
        b'HTTP/1.1 201 Created\r\nContent-Type: APPLICATION/JSON; Charset="utf-8"\r\nContent-Length: 17\r\n\r\n'
        + BODY,
        b"HTTP/1.1 200 OK\r\ncontent-encoding: GZIP\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(gzip.compress(BODY[:5]), gzip.compress(BODY[5:])),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: identity\r\nConnection: close\r\n\r\n"
        + gzip.compress(BODY),
    ],
)
def test_unusual_http_is_read(answer):
    assert told(answer) == {"timeout": 1800}


REFUSED = b'{"code":"ERR001","iServerCode":-2147072488,"message":"not published"}'


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_an_error_with_the_status_of_a_success_is_an_error_even_where_no_body_is_due(status, ending):
    head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%b\r\n" % (status, len(REFUSED), ending)
    error = told(head + REFUSED)
    assert type(error) is errors.NotPublished
    assert (error.status, error.message) == (status, "not published")
