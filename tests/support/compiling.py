"""Compiling test modules by several processes, a share each: otherwise each compiles all before its first test.

That is pytest's own compiling, which makes asserts tell what they compared, and takes longer than the import.
"""

import contextlib
import importlib.util
import sys
from pathlib import Path

import pytest


def compile_share(config):
    """Compile this process's share of the modules below the folders of the run, but for those that are compiled."""
    worker = getattr(config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode:
        return
    folders = [folder for each in config.args if (folder := config.rootpath / each).is_dir()]
    modules = sorted({module for folder in folders for module in folder.rglob("test_*.py")})
    number = int(worker["workerid"].removeprefix("gw"))
    for module in modules[number :: worker["workercount"]]:
        if not _is_compiled(module):
            _compile(module)


def _is_compiled(module: Path) -> bool:
    compiled = module.parent.glob(f"__pycache__/{module.stem}.{sys.implementation.cache_tag}-pytest-*")
    changed = module.stat().st_mtime
    return any(each.stat().st_mtime >= changed for each in compiled)


def _compile(module: Path) -> None:
    """Run a module by the first finder that knows it, which keeps what it compiles; the module is dropped."""
    specs = (finder.find_spec(module.stem, [str(module.parent)]) for finder in sys.meta_path)
    spec = next(filter(None, specs), None)
    with contextlib.suppress(Exception, pytest.skip.Exception):  # whoever collects it meets that again, and tells
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
