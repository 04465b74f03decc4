"""Spans and metrics of OpenTelemetry, where the program has brought it along; where it has not, nothing is done.

Only OpenTelemetry's API is used. It is not even looked for: a program that has tracing configured has imported it.
No span holds a credential, a header, a query, a condition or a value of the data.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from mstr_arrow import events
from mstr_arrow.errors import MstrError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    Attributes = Mapping[str, str | int | float | bool | None]

P = ParamSpec("P")
T = TypeVar("T")

SCOPE = "mstr_arrow"
"""The name under which spans and metrics appear."""

_ID = re.compile(r"(?<=/)(?:[0-9A-Fa-f]{32}|[0-9]+)(?=/|$)")


class Span:
    """Something under way; all calls do nothing where nobody traces."""

    def __init__(self, name: str, attributes: Attributes) -> None:
        tracing = _tracing()
        self._span: Any = None
        if tracing is not None:
            self._span = tracing.get_tracer(SCOPE).start_span(name, attributes=_drop_none(attributes))

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the current one of this task or thread meanwhile, and note what goes wrong.

        Only the class of an error and the codes of the server are noted, not its text.
        """
        tracing = _tracing()
        if tracing is None or self._span is None:
            yield
            return
        with tracing.use_span(self._span, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except BaseException as error:
                _fail(tracing, self._span, error)
                raise

    def fail(self, error: BaseException) -> None:
        """Note what went wrong, where that does not end it."""
        tracing = _tracing()
        if tracing is not None and self._span is not None:
            _fail(tracing, self._span, error)

    def note(self, attributes: Attributes) -> None:
        """Add what is known now."""
        if self._span is not None:
            self._span.set_attributes(_drop_none(attributes))

    def end(self) -> None:
        """End it now; the second time nothing is done."""
        if self._span is not None:
            self._span.end()
            self._span = None


@contextmanager
def span(name: str, attributes: Attributes) -> Iterator[Span]:
    """Make what happens inside a span, the current one of this task or thread."""
    begun = Span(name, attributes)
    try:
        with begun.current():
            yield begun
    finally:
        begun.end()


def trace(
    name: str, attributes: Callable[..., Attributes]
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Make each call of a coroutine function a span, whose attributes follow from the arguments."""

    def wrap(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(function)
        async def run(*arguments: P.args, **options: P.kwargs) -> T:
            if _tracing() is None:
                return await function(*arguments, **options)
            with span(name, attributes(*arguments, **options)):
                return await function(*arguments, **options)

        return run

    return wrap


def observer(base: Callable[[], str]) -> events.OnEvent | None:
    """Return what makes spans and metrics of requests to a server; None where nobody traces."""
    tracing = _tracing()
    if tracing is None:
        return None

    def observe(event: events.Event) -> None:
        if isinstance(event, events.RequestFinished):
            _request(tracing, base(), event)

    return observe


def server_of(base: str) -> Attributes:
    """Say which server it is, by its base URL."""
    parts = urlsplit(base)
    return {"server.address": parts.hostname, "server.port": parts.port or (80 if parts.scheme == "http" else 443)}


def count(name: str, number: int, attributes: Attributes) -> None:
    """Add to a counter of `COUNTERS`."""
    if _tracing() is not None:
        _instruments()[name].add(number, _drop_none(attributes))


def measure(name: str, seconds: float, attributes: Attributes) -> None:
    """Add a duration to a histogram of `HISTOGRAMS`."""
    if _tracing() is not None:
        _instruments()[name].record(seconds, _drop_none(attributes))


COUNTERS = {
    "mstr_arrow.rows": ("{row}", "Rows that reads handed out."),
    "mstr_arrow.bytes": ("By", "JSON text that was decoded."),
    "mstr_arrow.retries": ("{request}", "Requests that were sent again."),
    "mstr_arrow.jobs": ("{job}", "Jobs that ended, by their outcome."),
}
"""Counters, each with its unit and its description."""

HISTOGRAMS = {
    "http.client.request.duration": ("s", "Duration of HTTP client requests."),
    "mstr_arrow.read.duration": ("s", "Time from the first request of a read to its end."),
    "mstr_arrow.job.duration": ("s", "Time that a job took."),
}
"""Histograms, each with its unit and its description."""


@cache
def _instruments() -> dict[str, Any]:
    from opentelemetry import metrics  # it is there: tracing is

    meter = metrics.get_meter(SCOPE)
    counters = {name: meter.create_counter(name, unit, what) for name, (unit, what) in COUNTERS.items()}
    return counters | {name: meter.create_histogram(name, unit, what) for name, (unit, what) in HISTOGRAMS.items()}


def _tracing() -> Any:
    """Return OpenTelemetry's tracing; None where the program has not imported it, or sends spans nowhere."""
    tracing = sys.modules.get("opentelemetry.trace")
    if tracing is None or isinstance(tracing.get_tracer_provider(), tracing.ProxyTracerProvider):
        return None
    return tracing


def _request(tracing: Any, base: str, event: events.RequestFinished) -> None:
    """Make a span and a measurement of a request, which has just ended."""
    told = {
        "http.request.method": event.method,
        **server_of(base),
        "http.response.status_code": event.status,
        "error.type": _error_type(event),
    }
    template = _ID.sub("{id}", event.path)
    now = time.time_ns()
    sent = tracing.get_tracer(SCOPE).start_span(
        f"{event.method} {template}",
        kind=tracing.SpanKind.CLIENT,
        start_time=now - int(event.seconds * 1e9),
        attributes=_drop_none(
            {
                **told,
                "url.full": f"{base}{event.path}",
                "url.template": template,
                "http.request.resend_count": event.number - 1 or None,
                "http.response.body.size": event.bytes,
            }
        ),
    )
    if event.error is not None:
        sent.set_status(tracing.StatusCode.ERROR, event.error)
    sent.end(now)
    instruments = _instruments()
    instruments["http.client.request.duration"].record(event.seconds, _drop_none(told))
    if event.number > 1:
        instruments["mstr_arrow.retries"].add(1, _drop_none(server_of(base)))


def _error_type(event: events.RequestFinished) -> str | None:
    if event.error is None:
        return None
    return str(event.status) if event.status is not None else event.error.partition(" ")[0]


def _fail(tracing: Any, failed: Any, error: BaseException) -> None:
    label = error.label if isinstance(error, MstrError) else type(error).__name__
    failed.set_attribute("error.type", type(error).__name__)
    failed.set_status(tracing.StatusCode.ERROR, label)


def _drop_none(attributes: Attributes) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in attributes.items() if value is not None}
