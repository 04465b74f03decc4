"""Cookies go back byte for byte, to where they belong and as long as they live."""

import contextlib
from collections import deque

import pytest
from yarl import URL

import mstr_arrow as ma
from mstr_arrow.http.cookies import SessionKeys, read_cookie
from tests.http.conftest import LIBRARY, Listener

VALUES = [
    "plain",
    '"quoted"',
    '"quoted with blanks"',
    'a+b/c=="d"',
    "blanks in it",
    "a=b=c==",
    "",
    '"',
    "{json:[1,2]}",
    "%20%C3%A4",
    "comma,comma",
    "back\\slash\\073",
    "key=value&other=<tag>",
    "ümlaut",
    "@:/?[]()",
]


class Library(Listener):
    """A Library over a bare socket: answers what the log-in takes, and keeps the heads of all requests as bytes."""

    def __init__(self, cookies):
        super().__init__()
        self.cookies = cookies
        self.heads = deque()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{LIBRARY}"

    async def serve(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if length:
                await reader.readexactly(int(length[0].partition(b":")[2]))
            if b"/auth/login" in head:
                lines = b"".join(b"Set-Cookie: %b\r\n" % cookie for cookie in self.cookies)
                writer.write(b"HTTP/1.1 204 No Content\r\nX-MSTR-AuthToken: token\r\n%b\r\n" % lines)
            elif b"/auth/logout" in head:
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()

    def sent(self):
        """Return the cookie headers of requests after the log-in."""
        lines = [line for head in self.heads for line in head.split(b"\r\n")]
        return {line.partition(b": ")[2] for line in lines if line.lower().startswith(b"cookie:")}


def through(cookies):
    with Library(cookies) as library:
        with contextlib.closing(ma.connect(library.url, username="ann", password="secret")) as connection:
            connection.get("sessions")
            saved = connection.save_session()
        return library.sent(), saved


def test_what_came_goes_back_byte_for_byte():
    names = [f"c{number}" for number in range(len(VALUES))]
    pairs = [f"{name}={value}".encode() for name, value in zip(names, VALUES, strict=True)]
    sent, saved = through([pair + b"; Path=/; HttpOnly" for pair in pairs])
    assert sent == {b"; ".join(pairs)}
    assert saved["cookies"] == dict(zip(names, VALUES, strict=True))


def test_what_cannot_go_back_as_it_came_is_left_out_and_harms_no_other():
    sent, _ = through([b"odd=\xe9\xff; Path=/", b"c=v; Path=/"])
    assert sent == {b"c=v"}


@pytest.mark.parametrize(
    ("attributes", "sent"),
    [
        ("", False),  # of the path of the log-in
        ("; Path=/", True),
        (f"; Path={LIBRARY}", True),
        (f"; path={LIBRARY}/", True),
        ("; Path=/Micro", False),
        ("; Path=/elsewhere", False),
        ("; Path=elsewhere; Path=/", True),
        ("; Path=/; Secure; HttpOnly; SameSite=Strict", True),
        ("; Path=/; Domain=127.0.0.1", True),
        ("; Path=/; Domain=example.com", False),
        ("; Path=/; Max-Age=3600", True),
        ("; Path=/; Max-Age=0", False),
        ("; Path=/; Expires=Thu, 01 Jan 1970 00:00:10 GMT", False),
        ("; Path=/; Expires=Thu, 01 Jan 2970 00:00:10 GMT", True),
        ("; Path=/; Expires=nonsense", True),
    ],
)
def test_a_cookie_goes_where_it_belongs_and_as_long_as_it_lives(attributes, sent):
    keys = SessionKeys(f"http://127.0.0.1{LIBRARY}")
    cookie = read_cookie(f"c=v{attributes}", URL(f"http://127.0.0.1{LIBRARY}/api/auth/login"))
    if cookie is not None:
        keys._keep(cookie)
    headers = keys.headers(URL(f"http://127.0.0.1{LIBRARY}/api/projects"))
    assert headers == ({"Cookie": "c=v"} if sent else {})


def test_a_cookie_that_comes_again_takes_the_place_of_the_former():
    keys = SessionKeys("http://host/L")
    keys.restore("token", {"JSESSIONID": "old", "AWSALB": "kept"})
    for line in (
        "JSESSIONID=new; Path=/L",
        "JSESSIONID=newer; Path=/L",
        "gone=1; Path=/",
        "gone=; Path=/; Max-Age=0",
    ):
        keys._keep(read_cookie(line, URL("http://host/L/api/x")))
    assert keys.headers(URL("http://host/L/api/x"))["Cookie"] == "JSESSIONID=newer; AWSALB=kept"


@pytest.mark.parametrize("line", ["", "no pair", "=value", "; Path=/", "c=v; Domain=other.example.com"])
def test_what_is_no_cookie_of_this_host_is_left(line):
    assert read_cookie(line, URL("http://host/L")) is None
