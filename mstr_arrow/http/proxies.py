"""Which proxy, if any, is on the way to a server. Pure, but for the environment."""

from __future__ import annotations

import contextlib
import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from mstr_arrow.config import Proxy
from mstr_arrow.errors import UsageError
from mstr_arrow.http import url
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.config import Network

_NAME_AND_PORT = re.compile(r"(?P<name>\[[^]]+\]|[^:]+)(:(?P<port>\d+))?")


def choose_proxy(network: Network, scheme: str, host: str, port: int) -> Proxy | None:
    """Return the proxy for a server, None where it is reached directly.

    One that was given is used for every host that ``no_proxy`` does not name, this machine included; one of the
    environment never for this machine. UsageError where the environment's cannot be used.
    """
    if is_direct(host, port, network.no_proxy):
        return None
    given = network.proxy_for(scheme)
    if given is not None or not network.trust_env or url.is_loopback(host):
        return given
    found = getproxies()
    text = found.get(scheme) or _usable(found.get("all", ""))
    if not text or is_direct(host, port, found.get("no", "").split(",")) or proxy_bypass(host):
        return None
    try:
        return Proxy(text)
    except UsageError as error:
        message = naming(
            "the proxy that the environment names for {scheme} cannot be used: {why}",
            scheme=scheme,
            why=error.message,
        )
        raise UsageError(
            message,
            hint=advice("correct the proxy variable", "Correct it, or ignore it by {Network.trust_env=False}."),
        ) from None


def is_direct(host: str, port: int, listed: Iterable[str]) -> bool:
    """Say whether a list of exceptions names a host.

    >>> [is_direct("bi.example.com", 443, [each]) for each in ("example.com", ".example.com", "ample.com", "*")]
    [True, True, False, True]
    >>> [is_direct("10.1.2.3", 443, [each]) for each in ("10.0.0.0/8", "10.1.2.3:443", "10.1.2.3:80", "1.2.3")]
    [True, True, False, False]
    """
    host = host.casefold().rstrip(".")
    for entry in map(str.strip, listed):
        found = _NAME_AND_PORT.fullmatch(entry)
        name, its_port = (found["name"], found["port"]) if found else (entry, None)
        if its_port and int(its_port) != port:
            continue
        name = name.strip("[]").removeprefix("*.").strip(".").casefold()
        if name == "*" or (name and (host == name or _in_network(host, name) or _is_below(host, name))):
            return True
    return False


def _is_below(host: str, name: str) -> bool:
    """Say whether ``host`` is a subdomain; the end of a number is none."""
    with contextlib.suppress(ValueError):
        ip_address(host)
        return False
    return host.endswith(f".{name}")


def _in_network(host: str, network: str) -> bool:
    with contextlib.suppress(ValueError, TypeError):
        return ip_address(host) in ip_network(network, strict=False)
    return False


def _usable(text: str) -> str:
    """Leave out a SOCKS proxy that is meant for all programs: it is not known here, and need not be ours."""
    return text if text.startswith(("http://", "https://")) else ""
