"""What a test process did when it crashed, told at the end of the run by the process that started it."""

import faulthandler
import shutil
import tempfile
from pathlib import Path

import pytest

_FOLDER = pytest.StashKey()
_FILE = pytest.StashKey()
_LONGEST = 8_000


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a test process the folder for its last words."""
    if _FOLDER not in node.config.stash:
        node.config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="crashes-"))
    node.workerinput["crashes"] = str(node.config.stash[_FOLDER])


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Have a crash of this process written into a file, where it is one of several."""
    worker = getattr(config, "workerinput", {})
    if "crashes" in worker:
        config.stash[_FILE] = (Path(worker["crashes"]) / worker["workerid"]).open("w")
        faulthandler.enable(config.stash[_FILE])


def pytest_terminal_summary(terminalreporter, config):
    """Show what crashed processes did."""
    folder = config.stash.get(_FOLDER, None)
    for file in sorted(folder.iterdir()) if folder else ():
        if said := file.read_text():
            terminalreporter.section(f"{file.name} crashed")
            terminalreporter.write_line(said.partition("\nExtension modules")[0][:_LONGEST])


def pytest_unconfigure(config):
    """Remove the folder."""
    if folder := config.stash.get(_FOLDER, None):
        shutil.rmtree(folder, ignore_errors=True)
