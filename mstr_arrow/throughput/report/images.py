"""The plots of a sweep as PNG and SVG, drawn without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert

from mstr_arrow.files.disk import disk_errors
from mstr_arrow.paths import path_to_write
from mstr_arrow.throughput.report.plots import sections
from mstr_arrow.throughput.report.theme import theme
from mstr_arrow.whole_file import write_whole

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from mstr_arrow.throughput.report.plots import Plot
    from mstr_arrow.throughput.result import Sweep

WIDTH = 720
SCALE = 2.0

VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
"""The version of Vega-Lite that the specifications are for."""

_SANS = "DejaVu Sans, Arial, sans-serif"


def write_images(sweep: Sweep, folder: str | os.PathLike[str]) -> list[Path]:
    """Write each plot of a sweep as PNG and SVG into a folder; return the paths of the files.

    The folder is made where it is missing. Each file is there whole or not at all. Errors: UsageError, FileError.
    """
    path = path_to_write(folder)
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        return [
            written
            for section in sections(sweep)
            for plot in section.plots
            for written in _write(path, plot, section.title)
        ]


def _write(folder: Path, plot: Plot, about: str) -> list[Path]:
    spec = _alone(plot, about)
    config = theme(font=_SANS)
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=config)
    png = vl_convert.svg_to_png(svg, scale=SCALE)
    files = {folder / f"{plot.name}.svg": svg.encode(), folder / f"{plot.name}.png": png}
    for path, data in files.items():
        with write_whole(path) as file:
            file.write_bytes(data)
    return [*files]


def _alone(plot: Plot, about: str) -> dict[str, Any]:
    """Give a plot a width and a title of its own, for there is no page around it."""
    return {**plot.spec, "width": WIDTH, "title": {"text": plot.title, "subtitle": about}}
