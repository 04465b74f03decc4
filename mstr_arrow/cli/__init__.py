"""The ``mstr-arrow`` command; needs the extra ``cli``."""

from __future__ import annotations

import gc
import sys

from mstr_arrow.allocation import set_jemalloc_for_arrow


def main() -> None:
    """Run the command line; exit code 2 where the extra is not installed."""
    set_jemalloc_for_arrow()
    gc.disable()  # to look for garbage in what is imported takes a fifth of the start; `Commands` enables it again
    try:
        _run()
    finally:
        gc.enable()


def _run() -> None:
    try:
        from mstr_arrow.cli.app import app  # noqa: PLC0415 - an extra, needed by nothing but the command
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.stderr.write("mstr-arrow: the command line needs an extra: pip install 'mstr-arrow[cli]'\n")
        sys.exit(2)
    app()
