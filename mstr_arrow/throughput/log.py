"""What is noted of each request, as a table: a row each, times in seconds since the sweep began."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("load", pa.int32()),
        ("round", pa.int32()),
        ("due", pa.float64()),
        ("queued", pa.float64()),
        ("session", pa.int32()),
        ("offset", pa.int64()),
        ("rows", pa.int64()),
        ("in_flight", pa.int32()),
        ("sent", pa.float64()),
        ("connected", pa.float64()),
        ("first_byte", pa.float64()),
        ("last_byte", pa.float64()),
        ("wire_bytes", pa.int64()),
        ("text_bytes", pa.int64()),
        ("decode_seconds", pa.float64()),
        ("retries", pa.int32()),
        ("cold", pa.bool_()),
        ("status", pa.int32()),
        ("error", pa.string()),
    ]
)


@dataclass(slots=True)
class Sent:
    """A request: when it was due, sent and answered, and what came.

    It is ``queued`` when this process comes to it, which is later than ``due`` where its event loop is, ``sent``
    when it got one of the places for requests, ``connected`` when it had a socket. ``in_flight`` counts it and
    those that were under way when it was sent. ``offset`` is the first of its rows. ``wire_bytes`` are those of the
    body that came, packed as it was, or of a chunk that was sent, ``text_bytes`` the same unpacked;
    ``decode_seconds`` were spent on reading it.

    It is ``cold`` where the same was asked for by no request of the sweep before. Where it failed there is an
    ``error`` and no ``last_byte``, and ``status`` is the HTTP status if one came. ``retries`` counts repetitions:
    always 0, but where the sweep had to use the connection's own log-in.
    """

    load: int
    round: int
    due: float
    queued: float | None = None
    session: int = 0
    offset: int = 0
    rows: int = 0
    in_flight: int = 0
    sent: float | None = None
    connected: float | None = None
    first_byte: float | None = None
    last_byte: float | None = None
    wire_bytes: int = 0
    text_bytes: int = 0
    decode_seconds: float | None = None
    retries: int = 0
    cold: bool = False
    status: int | None = None
    error: str | None = None


def table_of(requests: list[Sent]) -> pa.Table:
    """Lay requests out as a table of `SCHEMA`."""
    return pa.table(
        [pa.array(map(attrgetter(field.name), requests), field.type) for field in SCHEMA], schema=SCHEMA
    )
