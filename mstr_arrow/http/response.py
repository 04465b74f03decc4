"""The response to a request: its body as it came, unpacked, read as JSON. Pure: wire reference, section 2."""

from __future__ import annotations

import re
from asyncio import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.blotting import blot_out
from mstr_arrow.http.body import DAMAGED, json_text, loads, unpack
from mstr_arrow.json_bounds import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mstr_arrow.http.room import Reservation
    from mstr_arrow.masked import Masked

EXCERPT = 200
"""Characters of an unreadable body that an error shows."""


@dataclass(frozen=True, slots=True)
class Response:
    """A successful response, its body as it came over the wire.

    ``headers`` is case-insensitive; ``encoding`` the content encoding, as the header spells it; ``retries``
    counts the repetitions it took, ``busy`` says that one of them was because the server had too much to do;
    ``seconds_waiting`` is the last attempt's time to the first byte, of which ``seconds_connecting`` went by until
    it had a socket, and ``seconds_transferring`` the time from there to the last; ``largest`` the bytes it may
    have, unpacked; ``reservation`` what it takes of its connection's room. Holds the body once, as it came.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    encoding: str = ""
    retries: int = 0
    busy: bool = False
    seconds_connecting: float = 0.0
    seconds_waiting: float = 0.0
    seconds_transferring: float = 0.0
    largest: int = LARGEST
    reservation: Reservation | None = field(default=None, repr=False, compare=False)
    secrets: Sequence[Masked] = field(default=(), repr=False)
    _given_up: Event = field(default_factory=Event, repr=False, compare=False)

    def content(self, largest: int | None = None) -> bytes:
        """Return the body, unpacked; a damaged one is a ProtocolError, as is one of more than ``largest`` bytes.

        Unpacking a page takes a while: do it in a worker thread, within `give_up_if_cancelled`.
        """
        largest = self.largest if largest is None else largest
        return unpack(self.body, self.encoding, largest, self._given_up.is_set)

    @contextmanager
    def give_up_if_cancelled(self) -> Iterator[None]:
        """Have a thread that unpacks the body stop soon where the wait for that thread, in here, is cancelled."""
        try:
            yield
        except CancelledError:
            self._given_up.set()
            raise

    def text(self, largest: int | None = None) -> bytes:
        """Return the body, unpacked, as the text of one JSON document in UTF-8; see `content` and `json_text`."""
        return json_text(self.content(largest), self.headers.get("Content-Type", ""))

    def json(self) -> Any:
        """Return the body parsed; a body that is not JSON is a ProtocolError that shows its start."""
        return parse_json(self.text(), self.secrets, self.largest)


def parse_json(content: bytes, secrets: Sequence[Masked] = (), largest: int = LARGEST) -> Any:
    """Return JSON parsed; what is not JSON is a ProtocolError that shows its start, without the secrets.

    So is what takes too much memory once it is parsed; ``largest`` is that of the response.
    """
    try:
        return loads(content, largest)
    except ProtocolError as error:
        refused, reason = error.with_traceback(None), ""  # whose frames hold the whole text
    except ValueError as error:
        refused, reason = None, str(error)
    if refused is not None:
        del content
        raise refused
    # Raised here, as the parser's error holds the whole text; and without it, for tracebacks that show variables.
    start = excerpt(blot_out(content, secrets))
    is_empty = not content.strip()
    del content
    if is_empty:
        raise ProtocolError("the server's response has no body where JSON was due.", hint=DAMAGED)
    message = f"the server's response is not JSON ({reason}); it starts with {start!r}."
    raise ProtocolError(message, hint=page_hint(start) or DAMAGED)


def excerpt(body: bytes) -> str:
    """Return the start of a body as one line of text, without HTML tags."""
    text = body[: 20 * EXCERPT].decode(errors="replace")
    if _is_html(text):
        text = re.sub(r"<(style|script).*?(</\1>|$)|<[^>]*(>|$)", " ", text, flags=re.DOTALL | re.IGNORECASE)
        text = f"HTML: {text.strip()}"
    return " ".join(text.split())[:EXCERPT]


def _is_html(text: str) -> bool:
    return text.lstrip()[:9].lower().startswith(("<!doctype", "<html", "<head", "<body"))


def page_hint(start: str) -> str | None:
    """Say what to look at where the start of a body, as an excerpt, shows that a web page came; else None."""
    if not start.startswith("HTML:"):
        return None
    return "A web page came: is the URL the Library's, and is there a proxy or log-in page in front of it?"
