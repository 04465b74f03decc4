"""The log of a sweep: a table with a row for each request, times in seconds since the sweep began."""

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
    """A request: the times of its steps, and the content of the response.

    All times are in seconds since the sweep began. ``due`` is the planned time; ``queued`` the time when this
    process came to the request, which is later where the event loop is late; ``sent`` the time when the request got
    a place; ``connected`` the time when the request had a socket. ``in_flight`` is the number of requests under way
    at that time, this one included. ``offset`` is the first row. ``wire_bytes`` is the size of the body that came,
    as packed, or of a chunk that was sent; ``text_bytes`` the size unpacked; ``decode_seconds`` the time for
    decoding.

    ``cold`` is True where no earlier request of the sweep named the same page. A failed request has an ``error``
    and no ``last_byte``; ``status`` is the HTTP status if one came. ``retries`` counts repetitions, which occur
    only where the sweep used the connection's own log-in.
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
