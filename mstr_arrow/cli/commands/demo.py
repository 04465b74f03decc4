"""``mstr-arrow demo``: the main job against a simulated server."""

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mstr_arrow.cli.commands.simulate import fetch_command
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.progress import MB, progress
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.trace import listener
from mstr_arrow.opening import connect

if TYPE_CHECKING:
    import polars as pl

CUBE = "Sales Cube"
PREVIEW_COLUMNS = ("Order", "Region", "Store@DESC", "Day", "Units", "Revenue")
PREVIEW_ROWS = 6
PYTHON = """\
  import mstr_arrow as ma

  with ma.connect("https://bi.example.com/MicroStrategyLibrary", username="ann", password="…") as conn:
      df = conn.cube("Sales Cube").to_polars()"""


def demo(
    *,
    rows: Annotated[int, typer.Option(min=1, help="Rows to make up and read.")] = 1_000_000,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks and requests.")] = False,
) -> None:
    """Read a million rows from a simulated server on this machine: nothing to set up."""
    # Only the commands that start a server pay for importing one.
    from mstr_arrow.simulator import Simulator  # noqa: PLC0415 - see above

    out, err = Terminal(), Terminal(stderr=True)
    with show_errors(err, verbose=verbose):
        # Answers on the loopback are not compressed: packing them would take longer than sending them.
        with Simulator(rows=rows, gzip=False) as sim:
            out.print(f"A simulated Intelligence Server runs on this machine, at {sim.url}.", soft_wrap=True)
            out.print(f"It makes up the {rows:,} rows of its {CUBE!r} as they are asked for.\n", soft_wrap=True)
            began = time.perf_counter()
            login = connect(
                sim.url,
                username=sim.username,
                password=sim.password,
                project=sim.project,
                on_event=listener(),
            )
            with login as connection, progress(err) as on_progress:
                cube = connection.cube(CUBE)
                frame = cube.to_polars(on_progress=on_progress)
            seconds = time.perf_counter() - began
            size = cube.stats.bytes / MB if cube.stats else 0.0
        out.print(preview(frame))
        out.print(
            f"[bold]{len(frame):,} rows[/bold], log-in included, are a Polars frame after "
            f"[bold]{seconds:.1f} s[/bold]: {len(frame) / seconds:,.0f} rows/s, {size / seconds:,.0f} MB/s "
            f"({size:,.0f} MB of JSON).",
            markup=True,
            soft_wrap=True,
        )
        out.print(
            "The server was a simulator in this very process, which had to make up the rows meanwhile: this shows "
            "the way the data take, not the speed of a real server.\n",
        )
        out.print("Next, with a simulated server left running by [bold]mstr-arrow simulate[/bold]", markup=True)
        out.print("(the command is installed by: pip install '.[cli]'):\n")
        out.print(Text(f"{fetch_command()}\n"), soft_wrap=True)
        out.print("And with a server and a cube of your own, in Python:\n")
        out.print(Text(PYTHON), soft_wrap=True)


def preview(frame: "pl.DataFrame") -> Table:
    """Lay out the first rows of some columns."""
    shown = frame.select(PREVIEW_COLUMNS).head(PREVIEW_ROWS)
    others = [name for name in frame.columns if name not in PREVIEW_COLUMNS]
    table = Table(caption=f"and {len(frame) - len(shown):,} more rows; more columns: {', '.join(others)}")
    for name, kind in shown.schema.items():
        header = Text.assemble(f"{name}\n", (str(kind.base_type()), "dim"))
        table.add_column(header, justify="right" if kind.is_numeric() else "left", no_wrap=True)
    for row in shown.iter_rows():
        table.add_row(*(Text("null", "dim") if value is None else Text(str(value)) for value in row))
    return table
