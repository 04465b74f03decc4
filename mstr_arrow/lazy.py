"""Import where a name is first used: those that packages export (PEP 562), which takes a second; and Polars.

Modules that use Polars write ``from mstr_arrow.lazy import pl``. Importing it takes 0.12 s and 28 MB, and most
reads never need it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
else:

    class _Lazy(ModuleType):
        """A module that is imported when something of it is first used."""

        def __getattr__(self, name: str) -> object:
            found = getattr(import_module(self.__name__), name)
            setattr(self, name, found)
            return found

    pl = _Lazy("polars")

__all__ = ["exporter", "pl"]


def exporter(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Make the ``__getattr__`` of a package: ``homes`` has the names to export by the module that defines them.

    A module is exported itself where it has no names, or its own. Type checkers do not
    see through this: they are shown imports.

    >>> exporter("mstr_arrow", {"version": ["__version__"], "errors": []})("errors")
    <module 'mstr_arrow.errors' from ...>
    """
    modules = {name: module for module, names in homes.items() for name in names or (module,)}

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{modules[name]}")
        found = module if name == modules[name] else getattr(module, name)
        setattr(sys.modules[package], name, found)
        return found

    return get
