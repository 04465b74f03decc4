"""``mstr-arrow simulate``: an I-Server on this machine, until Ctrl-C."""

import signal
import threading
from typing import Annotated, Literal

import typer

from mstr_arrow.cli.render.errors import shown_errors
from mstr_arrow.cli.render.streams import Terminal

PORT = 8642
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
    gzip: Annotated[bool, typer.Option(help="Compress answers, as a real server does.")] = True,
    encode_once: Annotated[
        bool,
        typer.Option(
            "--encode-once", help="Keep rendered pages: reading them again costs the server next to nothing."
        ),
    ] = False,
    cells_per_page: Annotated[
        int | None, typer.Option(min=1, help="Most cells of a page: longer pages are cut short.")
    ] = None,
    session_timeout: Annotated[float, typer.Option(help="Seconds of idleness that end a session.")] = 1800.0,
    report_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds that the execution of a report takes.")
    ] = 0.0,
    publication_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds that the publication of a cube takes.")
    ] = 0.0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Requests that are answered at once; others wait.")
    ] = None,
    request_ms: Annotated[float, typer.Option(min=0, help="Milliseconds that each page takes the server.")] = 0.0,
    gateway_seconds: Annotated[
        float | None, typer.Option(help="Seconds after which a gateway in front gives an answer up, with a 504.")
    ] = None,
    data_models: Annotated[
        bool, typer.Option(help="Have the calls about data models, as servers since August 2025 do.")
    ] = True,
    model_parameters: Annotated[
        bool, typer.Option(help="Have the calls about parameters of data models, too.")
    ] = True,
    model_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds that loading the tables of a data model takes.")
    ] = 0.0,
    model_table_states: Annotated[
        Literal["loaded", "completed", "none"],
        typer.Option(help="What a loaded table of a data model is called; none: tables are not told."),
    ] = "loaded",
    model_done_status: Annotated[
        int, typer.Option(min=0, max=1, help="The status of a data model that is loaded.")
    ] = 0,
    model_instance_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds without a request that end an instance of a data model.")
    ] = 120.0,
    model_delete_cancels: Annotated[
        bool, typer.Option(help="End what an instance of a data model publishes when it is deleted.")
    ] = True,
    publish_status_text: Annotated[
        bool,
        typer.Option(
            "--publish-status-text",
            help="Send the status of a publication as a text, as documented, and not as a number. "
            "mstrio-py waits for ever then.",
        ),
    ] = False,
) -> None:
    """Run a simulated Intelligence Server on this machine until Ctrl-C."""
    # Only the commands that start a server pay for importing one.
    from mstr_arrow.simulator import Simulator, TimeModel  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with (
        shown_errors(Terminal(stderr=True), verbose=False),
        Simulator(
            port=port,
            rows=rows,
            seed=seed,
            gzip=gzip,
            encode_once=encode_once,
            cells_per_page=cells_per_page,
            session_timeout=session_timeout,
            report_seconds=report_seconds,
            publication_seconds=publication_seconds,
            time=TimeModel(workers=workers, request_ms=request_ms),
            gateway_seconds=gateway_seconds,
            data_models=data_models,
            model_parameters=model_parameters,
            model_seconds=model_seconds,
            model_table_states=model_table_states,
            model_done_status=model_done_status,
            model_instance_seconds=model_instance_seconds,
            model_delete_cancels=model_delete_cancels,
            publish_status_text=publish_status_text,
        ) as sim,
    ):
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
