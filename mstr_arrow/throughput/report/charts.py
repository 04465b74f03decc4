"""The plots of a sweep as specifications of Vega-Lite, a function each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mstr_arrow.throughput.report import shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.throughput.loads import Load, Series
    from mstr_arrow.throughput.report.shapes import Rows
    from mstr_arrow.throughput.result import Curve, Sweep

Spec = dict[str, Any]

HEIGHT = 280

_SHORT = "replace(format(datum.value, '.3~s'), 'G', 'B')"
_SECONDS = "datum.value >= 1 ? format(datum.value, '.3~f') + ' s' : format(datum.value * 1000, '.3~f') + ' ms'"


def throughput(curves: dict[Series, Curve], unit: str) -> Spec:
    """Plot throughput over concurrency: each level with its interval, the law that fits them, the knees circled."""
    rows = shapes.levels(curves)
    x, color = _concurrency(rows), _pages(rows)
    y = _y("throughput:Q", unit, _SHORT)
    tooltip = [
        alt.Tooltip("pages:N", title="page"),
        alt.Tooltip("concurrency:Q", title="in flight"),
        alt.Tooltip("label:N", title=unit),
        alt.Tooltip("failed:Q", title="failed", format=".1%"),
    ]
    base = alt.Chart(_data(rows)).encode(x=x, color=color)
    spread = base.mark_rule(style="spread").encode(y=_y("low:Q", unit, _SHORT), y2="high:Q")
    points = base.mark_point().encode(
        y=y,
        shape=_shape(rows),
        tooltip=tooltip,
        opacity=alt.when(_PICK).then(alt.value(1)).otherwise(alt.value(0.15)),
    )
    layers: list[Any] = [spread, points.add_params(_PICK)]
    if laws := shapes.laws(curves):
        law = alt.Chart(_data(laws)).mark_line(style="law", strokeDash=[4, 3])
        layers.insert(0, law.encode(x=x, color=color, y=y))
    if knees := [row for row in rows if row["knee"]]:
        circled = alt.Chart(_data(knees)).encode(x=_concurrency(rows), y=y)
        layers.append(circled.mark_point(style="knee", shape="circle"))
        layers.append(circled.mark_text(style="knee-label").encode(text="knee_label:N"))
    return _finish(alt.layer(*layers))


def latency(curves: dict[Series, Curve]) -> Spec:
    """Plot the median and the 95th and 99th percentile of latency over concurrency."""
    rows = shapes.latencies(curves)
    dashes = alt.StrokeDash(
        "percentile:N", title=None, scale=alt.Scale(domain=["p50", "p95", "p99"], range=[[1, 0], [6, 3], [2, 2]])
    )
    base = alt.Chart(_data(rows)).encode(
        x=_concurrency(rows),
        y=_y("seconds:Q", "latency", _SECONDS),
        color=_pages(rows),
        tooltip=[
            alt.Tooltip("pages:N", title="page"),
            alt.Tooltip("concurrency:Q", title="in flight"),
            alt.Tooltip("percentile:N"),
            alt.Tooltip("seconds:Q", format=".3f"),
        ],
        opacity=alt.when(_PICK).then(alt.value(1)).otherwise(alt.value(0.12)),
    )
    points = base.mark_point(size=40).encode(shape=_shape(rows)).add_params(_PICK)
    return _finish(alt.layer(base.mark_line().encode(strokeDash=dashes, detail="pages:N"), points))


def heat_map(curves: dict[Series, Curve], unit: str) -> Spec:
    """Plot throughput by concurrency and page size, the knees framed."""
    rows = shapes.levels(curves)
    middle = max(row["throughput"] for row in rows) / 2
    pages = list(dict.fromkeys(row["pages"] for row in rows))
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("concurrency:O", title="requests in flight"), y=alt.Y("pages:N", title=None, sort=pages[::-1])
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color("throughput:Q", title=unit, legend=alt.Legend(labelExpr=_SHORT, gradientLength=160)),
        tooltip=[
            alt.Tooltip("pages:N", title="page"),
            alt.Tooltip("concurrency:O", title="in flight"),
            alt.Tooltip("label:N", title=unit),
        ],
    )
    bright = alt.datum.throughput > middle
    texts = base.mark_text(fontWeight="bold").encode(
        text="label:N", color=alt.when(bright).then(alt.value("#000000")).otherwise(alt.value("#ffffff"))
    )
    frames = base.transform_filter(alt.datum.knee).mark_rect(style="cell-knee")
    return _finish(alt.layer(cells, frames, texts))


def where_time_goes(curve: Curve) -> Spec:
    """Plot the mean seconds of a request at each level, by the part in which they are spent."""
    by_client = curve.verdict.part == "client"
    rows = shapes.times(curve, by_client=by_client)
    parts = list(dict.fromkeys(row["part"] for row in rows))
    chart = (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=alt.X("concurrency:O", title="requests in flight"),
            y=_y("seconds:Q", "mean time of a request", _SECONDS),
            color=alt.Color("part:N", title=None, sort=parts, scale=alt.Scale(domain=parts)),
            order="order:Q",
            tooltip=[
                alt.Tooltip("concurrency:O", title="in flight"),
                alt.Tooltip("part:N"),
                alt.Tooltip("seconds:Q", format=".3f"),
                alt.Tooltip("share:Q", format=".0%"),
            ],
        )
    )
    return _finish(chart)


def distribution(sweep: Sweep, loads: Sequence[Load]) -> Spec:
    """Plot latency over its percentiles, whose axis shows the slow end as large as the rest."""
    rows = shapes.distributions(sweep, loads)
    order = list(dict.fromkeys(row["load"] for row in rows))
    ticks = [1, 2, 10, 100, 1000]
    axis = alt.Axis(
        values=ticks,
        labelExpr="datum.value == 1 ? '0 %' : format(100 - 100 / datum.value, '.6~g') + ' %'",
        grid=True,
    )
    chart = (
        alt.Chart(_data(rows))
        .mark_line(point=alt.OverlayMarkDef(size=25))
        .encode(
            x=alt.X("beyond:Q", title="percentile", scale=alt.Scale(type="log", nice=False), axis=axis),
            y=_y("seconds:Q", "latency", _SECONDS),
            color=alt.Color("load:N", title=None, scale=alt.Scale(domain=order), legend=_legend(order)),
            strokeDash=alt.StrokeDash("load:N", title=None, scale=alt.Scale(domain=order), legend=_legend(order)),
            opacity=alt.when(_PICK_LOAD).then(alt.value(1)).otherwise(alt.value(0.12)),
            tooltip=[
                alt.Tooltip("load:N", title="load"),
                alt.Tooltip("percentile:N"),
                alt.Tooltip("took:N", title="latency"),
            ],
        )
        .add_params(_PICK_LOAD)
    )
    return _finish(chart)


def timeline_of_requests(rows: Rows) -> Spec:
    """Plot how many requests were answered in each second of a sweep, and how many failed."""
    base = alt.Chart(_data(rows)).encode(x=_moment(), tooltip=_TIMELINE_TOOLTIP)
    answered = base.mark_area(style="answered", interpolate="step", line=False)
    layers: list[Any] = [answered.encode(y=_y("answered:Q", "requests/s", _SHORT))]
    if failures := [row for row in rows if row["failures"]]:
        failed = alt.Chart(_data(failures)).mark_point(style="failed", shape="cross", angle=45)
        layers.append(failed.encode(x=_moment(), y="failures:Q", tooltip=_TIMELINE_TOOLTIP))
    return _finish(alt.layer(*layers), height=180)


def timeline_of_latency(rows: Rows) -> Spec:
    """Plot the median latency in each moment of a sweep, and the slowest answer."""
    known = [row for row in rows if row["median"] is not None]
    base = alt.Chart(_data(known)).encode(x=_moment(), tooltip=_TIMELINE_TOOLTIP)
    y = _y("median:Q", "latency", _SECONDS, log=True)
    span = base.mark_rule(style="latency", strokeWidth=1, opacity=0.35).encode(y=y, y2="slowest:Q")
    return _finish(alt.layer(span, base.mark_point(style="latency", size=14).encode(y=y)), height=180)


_PICK = alt.selection_point(name="pick", fields=["pages"], bind="legend")
_PICK_LOAD = alt.selection_point(name="pick", fields=["load"], bind="legend")

_TIMELINE_TOOLTIP = [
    alt.Tooltip("second:Q", title="second", format=".1f"),
    alt.Tooltip("load:N", title="load"),
    alt.Tooltip("answered:Q", title="answered/s", format=".3~g"),
    alt.Tooltip("failures:Q", title="failed/s", format=".3~g"),
    alt.Tooltip("median:Q", title="median, s", format=".3f"),
    alt.Tooltip("slowest:Q", title="slowest, s", format=".3f"),
]


def _data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _concurrency(rows: Rows) -> alt.X:
    """Give the axis of concurrency, each level named, and as far from the next as doubling makes it."""
    numbers = sorted({row["concurrency"] for row in rows})
    axis = alt.Axis(values=numbers, format="d", grid=False)
    return alt.X(
        "concurrency:Q",
        title="requests in flight",
        axis=axis,
        scale=alt.Scale(type="log", base=2, nice=False, padding=16),
    )


def _moment() -> alt.X:
    return alt.X("second:Q", title="seconds since the sweep began", scale=alt.Scale(nice=False))


def _y(field: str, title: str, labels: str, *, log: bool = False) -> alt.Y:
    scale = alt.Scale(type="log") if log else alt.Scale(zero=True)
    return alt.Y(field, title=title, axis=alt.Axis(labelExpr=labels, tickCount=5), scale=scale)


def _legend(names: Sequence[str]) -> alt.Legend | None:
    """Leave the legend out where there is nothing to tell apart."""
    return alt.Legend(columns=3) if len(names) > 1 else None


def _pages(rows: Rows) -> alt.Color:
    names = list(dict.fromkeys(row["pages"] for row in rows))
    return alt.Color("pages:N", title=None, scale=alt.Scale(domain=names), legend=_legend(names))


def _shape(rows: Rows) -> alt.Shape:
    names = list(dict.fromkeys(row["pages"] for row in rows))
    return alt.Shape("pages:N", title=None, scale=alt.Scale(domain=names), legend=_legend(names))


def _finish(chart: Any, *, height: int = HEIGHT) -> Spec:
    spec: Spec = chart.properties(width="container", height=height).to_dict()
    spec.pop("config", None)
    return spec
