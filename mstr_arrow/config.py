"""Settings, frozen: each field says its unit and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each wait may last, in seconds.

    ``connect`` bounds the TCP and TLS handshake, ``read`` the silence between two pieces of an answer,
    ``execute`` the wait for the first byte of a call that makes the server run something (a login, the
    creation of an instance, a chunk of an upload), ``publish`` the publishing of an upload from its request to
    its end, ``logout`` the farewell on the way out.
    """

    connect: float = 10.0
    read: float = 60.0
    execute: float = 600.0
    publish: float = 3600.0
    logout: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request that is safe to repeat is repeated.

    ``attempts`` counts the first one; ``seconds`` bounds them all together; the wait before attempt *n* + 1
    is at most ``wait_initial * 2**n`` seconds, never more than ``wait_max``, and is drawn at random below
    it. ``Retry-After`` of the server is honoured up to ``seconds``.
    """

    attempts: int = 5
    seconds: float = 120.0
    wait_initial: float = 0.2
    wait_max: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Which certificates are trusted.

    ``ca_file`` is a PEM bundle added to the system's. ``verify=False`` accepts any certificate: whoever
    sits between you and the server then reads the password, so it is for a laboratory only.
    """

    ca_file: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a read is under way at once.

    Peak memory of a streamed read is about ``buffer_bytes`` plus the pages in the consumer's hands.

    ``page_bytes``     target size of a page's JSON text in bytes; the number of rows follows from the bytes
                       per row seen so far
    ``page_rows``      a fixed number of rows in place of that target
    ``first_page_rows`` rows of the first page, before anything is known about their size
    ``in_flight``      requests waiting for the server at once
    ``buffer_bytes``   page text that is being fetched, being decoded or waiting to be taken, in bytes; when
                       it is reached no request is started
    ``decode_threads`` threads that decode pages
    """

    page_bytes: int = 6 * 2**20
    page_rows: int | None = None
    first_page_rows: int = 5_000
    in_flight: int = 6
    buffer_bytes: int = 64 * 2**20
    decode_threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one connection."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: Retry = field(default_factory=Retry)
    tls: Tls = field(default_factory=Tls)
    limits: Limits = field(default_factory=Limits)
