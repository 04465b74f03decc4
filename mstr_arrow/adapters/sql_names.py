"""Names of tables as SQL writes them. Pure."""

from __future__ import annotations

import re

from mstr_arrow.errors import UsageError

_PART = re.compile(r'"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^".]+)')


def name_parts(table: str, most: int) -> tuple[str, ...]:
    """Return the parts of a table's name, the table last; a part with a dot in it is written in double quotes.

    Errors: UsageError for what is no name, or one of more parts than ``most``.

    >>> name_parts("main.sales", 3), name_parts('"Sales 1.5"', 3)
    (('main', 'sales'), ('Sales 1.5',))
    """
    parts: list[str] = []
    at = 0
    while isinstance(table, str) and (found := _PART.match(table, at)):
        parts.append(found["plain"] or found["quoted"].replace('""', '"'))
        at = found.end() + 1
        if not table.startswith(".", found.end()):
            break
    if not parts or at <= len(table) or len(parts) > most or "\0" in table:
        raise UsageError(
            f"{table!r} is no name of a table.",
            hint="Give it as table, or schema.table; a name with a dot in it in double quotes: '\"Sales 1.5\"'.",
        )
    return tuple(parts)
