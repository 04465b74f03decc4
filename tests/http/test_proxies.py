import asyncio
import logging
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.config import Network, Proxy, Tls
from mstr_arrow.http.proxies import choose_proxy, is_direct

LOGIN = "ann:s3cr3t:pä/ss"
PASSWORD = "s3cr3t:pä/ss"
QUOTED = "s3cr3t%3Ap%C3%A4%2Fss"


@pytest.fixture
def visit(simulator, quick, ca_file):
    """Log in by the way that settings of the network describe and say who is there."""

    def go(url=None, *, on_event=None, **network):
        settings = replace(quick, network=Network(**network), tls=Tls(ca_file=ca_file))
        with ma.connect(
            url or simulator.url,
            username=simulator.username,
            password=simulator.password,
            settings=settings,
            on_event=on_event,
        ) as connection:
            return connection.user().name

    return go


@pytest.mark.one_in(3)
@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http-proxy", "https-proxy"])
@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "password"])
@pytest.mark.parametrize("server", ["http", "https"])
def test_a_proxy_is_passed(server, login, proxy_tls, secure, simulator, forward_proxy, server_context, visit):
    proxy = forward_proxy(server_context if proxy_tls else None, login=login)
    given = Proxy(proxy.address, "ann", PASSWORD) if login else proxy.address
    assert visit(secure.url if server == "https" else simulator.url, proxy=given) == "demo"
    assert set(proxy.methods) == ({"CONNECT"} if server == "https" else {"GET", "POST"})


@pytest.mark.parametrize("kind", ["url", "bare", "dict", "httpx keys", "all", "function", "coroutine"])
def test_a_proxy_and_its_password_are_given_in_many_ways(kind, forward_proxy, visit):
    async def later():
        return PASSWORD

    proxy = forward_proxy(login=LOGIN)
    url = f"http://ann:{QUOTED}@localhost:{proxy.port}"
    given = {
        "url": url,
        "bare": url.removeprefix("http://"),
        "dict": {"http": url, "https": None},
        "httpx keys": {"http://": url},
        "all": {"all": url, "https": "http://127.0.0.1:9"},
        "function": Proxy(proxy.address, "ann", lambda: PASSWORD),
        "coroutine": Proxy(proxy.address, "ann", later),
    }[kind]
    assert visit(proxy=given) == "demo"
    assert proxy.heads


def test_a_tunnel_shows_the_proxy_no_token_and_the_server_no_password(
    library, server_context, tls_front, forward_proxy, quick, ca_file
):
    front, proxy = tls_front(library.port, server_context), forward_proxy(login=LOGIN)
    settings = replace(
        quick, network=Network(proxy=Proxy(proxy.address, "ann", PASSWORD)), tls=Tls(ca_file=ca_file)
    )
    with ma.connect(front.url, username="ann", password="x", settings=settings) as connection:
        connection.user()
    assert any("X-MSTR-AuthToken" in headers for headers in library.headers)
    assert not any("x-mstr" in head.lower() or "cookie" in head.lower() for head in proxy.heads)
    assert not any(name.lower().startswith("proxy-") for headers in library.headers for name in headers)


@pytest.mark.parametrize("server", ["http", "https"])
@pytest.mark.parametrize("given", [None, "wr0ng-p4ss"])
def test_a_wrong_proxy_password_is_one_clear_error(server, given, secure, simulator, forward_proxy, visit, caplog):
    proxy = forward_proxy(login=LOGIN)
    url = secure.url if server == "https" else simulator.url
    seen = []
    address = Proxy(proxy.address, "ann", given) if given else proxy.address
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.ProxyError, match="407") as caught:
        visit(url, proxy=address, on_event=seen.append)
    assert len(proxy.heads) == 1, "a refused password is not tried again"
    assert "user name and password" in caught.value.hint
    told = " ".join([str(caught.value), repr(caught.value), repr(seen), caplog.text, repr(address)])
    assert "ProxyError" in told
    for secret in filter(None, [given, "Basic "]):
        assert secret not in told


@pytest.mark.parametrize(
    ("answer", "kind", "tries"),
    [("403 Forbidden", errors.ProxyError, 1), ("502 Bad Gateway", errors.ConnectError, 3)],
)
def test_a_proxy_that_does_not_connect_is_named(answer, kind, tries, secure, forward_proxy, visit):
    proxy = forward_proxy(answer=answer)
    with pytest.raises(kind, match=f"proxy localhost:{proxy.port}") as caught:
        visit(secure.url, proxy=proxy.address)
    assert type(caught.value) is kind
    assert len(proxy.heads) == tries


def test_a_proxy_that_is_not_there_is_named(secure, visit):
    with pytest.raises(errors.ConnectError, match=r"no connection to the proxy 127\.0\.0\.1:9") as caught:
        visit(secure.url, proxy="http://127.0.0.1:9")
    assert "host and port" in caught.value.hint
    assert "password" not in caught.value.hint


def test_a_certificate_of_a_proxy_that_nobody_vouches_for_is_named(simulator, forward_proxy, server_context, quick):
    proxy = forward_proxy(server_context)
    with pytest.raises(errors.TlsError, match=f"the proxy localhost:{proxy.port}"):
        ma.connect(simulator.url, settings=replace(quick, network=Network(proxy=proxy.address)))


@pytest.mark.filterwarnings("ignore::mstr_arrow.errors.InsecureWarning")
def test_the_environment_names_a_proxy(simulator, forward_proxy, visit, monkeypatch):
    proxy = forward_proxy(login=LOGIN, target=urlsplit(simulator.url).port)
    monkeypatch.setenv("HTTP_PROXY", f"http://ann:{QUOTED}@localhost:{proxy.port}")
    there = "http://bi.example.com/MicroStrategyLibrary"  # the proxy alone knows the way
    assert visit(there) == "demo"
    assert "bi.example.com" in proxy.heads[0]
    seen = len(proxy.heads)
    assert visit(simulator.url) == "demo", "this machine is reached directly"
    assert len(proxy.heads) == seen


def test_hosts_are_left_out(forward_proxy, visit):
    proxy = forward_proxy()
    assert visit(proxy=proxy.address, no_proxy=["127.0.0.0/8"]) == "demo"
    assert proxy.heads == []


def test_an_asynchronous_connection_passes_a_proxy(simulator, forward_proxy, quick):
    proxy = forward_proxy()

    async def go():
        settings = replace(quick, network=Network(proxy=proxy.address))
        login = {"username": simulator.username, "password": simulator.password}
        async with ma.connect_async(simulator.url, settings=settings, **login) as connection:
            return (await connection.user_async()).name

    assert asyncio.run(go()) == "demo"
    assert proxy.heads


def chosen(network, scheme="https", host="bi.example.com", port=443):
    proxy = choose_proxy(network, scheme, host, port)
    return proxy.url if proxy else None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ({"https_proxy": "p:3128"}, "http://p:3128"),
        ({"HTTP_PROXY": "http://p:3128"}, None),
        ({"ALL_PROXY": "http://p:3128"}, "http://p:3128"),
        ({"ALL_PROXY": "socks5://p:1080"}, None),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "localhost, .example.com"}, None),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "example.net"}, "http://p:3128"),
    ],
)
def test_what_the_environment_says(environment, expected, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert chosen(Network()) == expected
    assert chosen(Network(trust_env=False)) is None
    assert chosen(Network(proxy="mine:1")) == "http://mine:1"
    for host in ("localhost", "127.0.0.1", "::1"):
        assert chosen(Network(), host=host) is None


def test_a_proxy_of_the_environment_that_cannot_be_used_is_an_error_without_its_password(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ann:s3cr3t@p:1080")
    with pytest.raises(errors.UsageError, match="socks5") as caught:
        chosen(Network())
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("host", "port", "entry", "direct"),
    [
        ("bi.example.com", 443, "EXAMPLE.com", True),
        ("bi.example.com", 443, "*.example.com", True),
        ("bi.example.com", 443, "bi.example.com:443", True),
        ("bi.example.com", 443, "bi.example.com:8443", False),
        ("bi.example.com", 443, "bi", False),
        ("bi.example.com", 443, "", False),
        ("bi.example.com.", 443, "example.com", True),
        ("10.20.30.40", 443, "10.0.0.0/8", True),
        ("10.20.30.40", 443, "10.20.30.40", True),
        ("10.20.30.40", 443, "30.40", False),
        ("11.20.30.40", 443, "10.0.0.0/8", False),
        ("fd00::1", 443, "fd00::/8", True),
        ("fd00::1", 443, "[fd00::1]:443", True),
        ("fd00::1", 443, "[fd00::1]:80", False),
    ],
)
def test_exceptions(host, port, entry, direct):
    assert is_direct(host, port, ["other.example.org", entry]) is direct
