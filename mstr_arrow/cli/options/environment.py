"""Variables that are set and not read, because they are spelled otherwise than those that are."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mstr_arrow.cli.options.server import Server, variable
from mstr_arrow.profiles import CONFIG, SECRET_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "MSTR_"
_SHORTEST = 4
"""Letters of a name that may be the beginning of a longer one."""


def find_misspelled(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that nothing reads, each with the one that was meant, which is not set itself.

    >>> find_misspelled({"MSTR_PASSWD": "x", "MSTR_URL": "y", "MSTR_HOME": "z"})
    {'MSTR_PASSWD': 'MSTR_PASSWORD'}
    """
    known = {name.removeprefix(_PREFIX): name for name in sorted(variables())}
    found = {}
    for name in sorted(environment):
        word = name.upper().removeprefix(_PREFIX)
        if not name.upper().startswith(_PREFIX) or name in known.values():
            continue
        longer = [each for each in known if len(word) >= _SHORTEST and each.startswith(word)]
        meant = [known[each] for each in [*longer, *get_close_matches(word, known, n=1, cutoff=0.75)]]
        if meant and meant[0] not in environment:
            found[name] = meant[0]
    return found


def variables() -> set[str]:
    """Return the variables that are read."""
    annotations = [option.annotation for option in inspect.signature(Server, eval_str=True).parameters.values()]
    metadata = [each for annotation in annotations for each in getattr(annotation, "__metadata__", ())]
    return {CONFIG, *(each.envvar for each in metadata if each.envvar), *map(variable, SECRET_KEYS)}
