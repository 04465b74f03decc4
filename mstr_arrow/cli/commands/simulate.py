"""``mstr-arrow simulate``: an I-Server on this machine, until Ctrl-C."""

import signal
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from errno import EADDRINUSE
from itertools import groupby
from json import dumps
from operator import attrgetter
from typing import Annotated

import typer

from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json
from mstr_arrow.errors import UsageError

PORT = 8642
PLAIN = {"a whole number", "a number", "a text", "true or false"}
"""Types that a default shows."""

WHERE = """\
A simulated Intelligence Server runs on this machine; its data are made up. Ctrl-C ends it.

  URL       {url}
  user      {username}
  password  {password}
  project   {project}

In another terminal:

{command}
"""


def simulate(
    *,
    rows: Annotated[int, typer.Option(min=0, help="Rows of the Sales Cube.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Seed of the data: the same seed, the same rows.")] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = PORT,
    encode_once: Annotated[
        bool,
        typer.Option(
            "--encode-once", help="Keep rendered pages: reading them again costs the server next to nothing."
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Requests that are answered at once; others wait.")
    ] = None,
    request_ms: Annotated[float, typer.Option(min=0, help="Milliseconds that each page takes the server.")] = 0.0,
    report_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds that the execution of a report takes.")
    ] = 0.0,
    publication_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds that the publication of a cube takes.")
    ] = 0.0,
    assigned: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Set anything else, such as cells_per_page=1000 or time.noise=0.5; may be repeated. Beats the "
            "options above.",
            rich_help_panel="Every setting",
        ),
    ] = None,
    list_settings: Annotated[
        bool,
        typer.Option(
            "--list-settings",
            help="List what --set takes, with types, defaults and meanings, and start nothing.",
            rich_help_panel="Every setting",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="The same list as JSON.", rich_help_panel="Every setting")
    ] = False,
) -> None:
    """Run a simulated Intelligence Server on this machine until Ctrl-C."""
    # Only the commands that start a server pay for importing one.
    from mstr_arrow.simulator import Simulator  # noqa: PLC0415 - see above
    from mstr_arrow.simulator.settings.assignments import read_assignments  # noqa: PLC0415 - see above

    if list_settings or json:
        show_settings(as_json=json)
        return
    usual = {
        "rows": rows,
        "seed": seed,
        "encode_once": encode_once,
        "report_seconds": report_seconds,
        "publication_seconds": publication_seconds,
        "time.workers": workers,
        "time.request_ms": request_ms,
    }
    with show_errors(Terminal(stderr=True), verbose=False):
        try:
            given = [*(f"{name}={dumps(value)}" for name, value in usual.items()), *(assigned or [])]
            simulator = Simulator(port=port, **read_assignments(given))
        except ValueError as error:
            hint = "mstr-arrow simulate --list-settings lists all settings, with what they take."
            raise UsageError(f"--set: {error}.", hint=hint) from None
        with _hear_signals() as stop, ExitStack() as stack:
            try:
                sim = stack.enter_context(simulator)
            except OSError as error:
                if error.errno != EADDRINUSE:
                    raise
                raise UsageError(
                    f"another process listens on port {port}.", hint="Choose another, or a free one: --port 0."
                ) from None
            typer.echo(
                WHERE.format(
                    url=sim.url,
                    username=sim.username,
                    password=sim.password,
                    project=sim.project,
                    command=fetch_command(sim.url),
                )
            )
            stop.wait()


@contextmanager
def _hear_signals() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set meanwhile."""
    stop = threading.Event()
    former = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def show_settings(*, as_json: bool) -> None:
    """Print every setting of the server, by subject."""
    from mstr_arrow.simulator.settings.overview import list_settings  # noqa: PLC0415 - as above

    settings = list_settings()
    if as_json:
        print_json([each._asdict() for each in settings])
        return
    for subject, those in groupby(settings, key=attrgetter("subject")):
        typer.echo(f"\n{subject}\n")
        for each in those:
            typer.echo(f"  {each.name}={each.default}" + ("" if each.type in PLAIN else f"    {each.type}"))
            typer.echo(textwrap.fill(each.meaning, 100, initial_indent=" " * 6, subsequent_indent=" " * 6))


def fetch_command(url: str = f"http://127.0.0.1:{PORT}/MicroStrategyLibrary") -> str:
    """Give the command that reads the simulator's cube, ready to be pasted.

    >>> print(fetch_command("http://127.0.0.1:8642/MicroStrategyLibrary"))
      export MSTR_URL=http://127.0.0.1:8642/MicroStrategyLibrary MSTR_USERNAME=demo MSTR_PASSWORD=demo
      mstr-arrow fetch "Sales Cube" -o sales.parquet
    """
    return (
        f"  export MSTR_URL={url} MSTR_USERNAME=demo MSTR_PASSWORD=demo\n"
        '  mstr-arrow fetch "Sales Cube" -o sales.parquet'
    )
