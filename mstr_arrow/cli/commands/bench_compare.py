"""``mstr-arrow bench compare``: two measurements beside each other."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A folder that mstr-arrow bench wrote.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another, of the same loads.")],
    *,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Tell which differences between two measurements are beyond noise: before and after, or two servers."""
    with show_errors(Terminal(stderr=True), verbose=verbose):
        from mstr_arrow import throughput  # noqa: PLC0415 - an extra
        from mstr_arrow.cli.render.two_sweeps import as_json, comparison  # noqa: PLC0415 - an extra

        sweeps: list[Any] = [throughput.load(before), throughput.load(after)]
        found = throughput.compare(*sweeps)
        if json:
            print_json(as_json(found))
        else:
            comparison(Terminal(), found, *sweeps)
