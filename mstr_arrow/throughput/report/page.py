"""A sweep as one HTML page, which loads nothing: sentences, plots and tables, for any width."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import vl_convert

from mstr_arrow.files.disk import disk_errors
from mstr_arrow.paths import path_to_write
from mstr_arrow.printable import printable
from mstr_arrow.throughput.report.images import VEGA_LITE
from mstr_arrow.throughput.report.plots import sections
from mstr_arrow.throughput.report.tables import levels_table
from mstr_arrow.throughput.report.theme import theme
from mstr_arrow.throughput.summary import summarise
from mstr_arrow.whole_file import write_whole

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from mstr_arrow.throughput.report.plots import Section
    from mstr_arrow.throughput.result import Sweep
    from mstr_arrow.throughput.summary import Finding, Summary


def write_html(sweep: Sweep, path: str | os.PathLike[str]) -> Path:
    """Write a sweep as one self-contained HTML file of about 1 MB; return the file's path.

    The page opens without a network: the page's policy forbids requests, and scripts other than the page's own. The
    file is there whole or not at all. Errors: UsageError, FileError.
    """
    target = path_to_write(path)
    text = html_of(sweep).encode()
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with write_whole(target) as file:
            file.write_bytes(text)
    return target


def html_of(sweep: Sweep) -> str:
    """Lay a sweep out as an HTML page."""
    told, shown = summarise(sweep), sections(sweep)
    plots = {plot.name: _finite(plot.spec) for section in shown for plot in section.plots}
    data = {"plots": plots, "light": theme(), "dark": theme(dark=True)}
    drawing = _part("report.js")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(_library())} {_hash(drawing)}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Throughput of {_escape(sweep.about.server or "a server")}</title>
<style>{_part("report.css")}</style>
</head>
<body>
<main>
{_head(told)}
{_summary(told)}
{"".join(map(_section, shown))}
{levels_table(sweep)}
{_METHOD}
</main>
<script type="application/json" id="data">{_as_script(data)}</script>
<script>{_library()}</script>
<script>{drawing}</script>
</body>
</html>
"""


def _head(told: Summary) -> str:
    warnings = "".join(f"<p>{_escape(sentence)}</p>" for sentence in told.first)
    return (
        f'<header><h1>What the server gives</h1><p class="about">{_escape(told.about)}</p>'
        f"{_around(warnings, '<div class=first role=note>', '</div>')}</header>"
    )


def _summary(told: Summary) -> str:
    left_out = "".join(f"<p>{_escape(sentence)}</p>" for sentence in told.left_out)
    findings = "".join(map(_write_finding, told.findings))
    return (
        f'<section class="summary"><p class="advice">{_escape(told.advice)}</p>'
        f'<div class="findings">{findings}</div>'
        f"{_around(left_out, '<h3>What was not tried</h3>')}</section>"
    )


def _write_finding(finding: Finding) -> str:
    limit = _around(_escape(finding.limit or ""), "<p>", "</p>")
    notes = "".join(f"<li>{_escape(note)}</li>" for note in finding.notes)
    return (
        f'<article><h3>{_escape(finding.title)}</h3><p class="headline">{_escape(finding.headline)}</p>'
        f"{limit}{_around(notes, '<ul>', '</ul>')}</article>"
    )


def _section(section: Section) -> str:
    plots = "".join(
        f"<figure><figcaption><h3>{_escape(plot.title)}</h3><p>{_escape(plot.shows)}</p></figcaption>"
        f'<div class="plot" id="{plot.name}" role="img" aria-label="{_escape(plot.title)}"></div></figure>'
        for plot in section.plots
    )
    return f'<section><h2>{_escape(section.title)}</h2><div class="plots">{plots}</div></section>'


_METHOD = """<section class="method"><h2>How this was judged</h2>
<p>The <b>knee</b> is the lowest level of concurrency that no higher one surpasses by more than 10 % and the noise
of both. The <b>universal scalability law</b> is fitted beside it and shown over the data, not in their place.</p>
<p>The <b>limit</b> is looked for in this order: this client, where requests wait in it or its event loop is late;
the session, where twice as many log-ins bring more; the network, where what grows beyond the knee is the time from
the first byte to the last; else the server.</p>
<p><b>Percentiles</b> come from HDR histograms, exact to three digits. Intervals are of 95 %, by Student's t over
the rounds. Latencies of loads by rate count from when a request was due.</p></section>"""


def _around(inner: str, before: str, after: str = "") -> str:
    """Put something around what is inside, if there is anything."""
    return f"{before}{inner}{after}" if inner else ""


def _escape(text: str) -> str:
    """Show a text of others as it is: no markup, nothing that turns its direction."""
    return escape(printable(text))


def _as_script(value: Any) -> str:
    """Write JSON that can stand inside of a script element, and ends none."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _finite(value: Any) -> Any:
    """Round numbers to what a plot can show, and leave out those that JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


@cache
def _library() -> str:
    """Give Vega, Vega-Lite and Vega-Embed as one script."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    return bundle.replace("</script", "<\\/script")


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Name a script in the policy of the page, so that it may run and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
