"""The meaning of the status of a data model's publication (wire reference, section 7.3). Pure.

The number for all is ambiguous: 1 is what runs or what has ended, 0 what has ended, a negative one the Intelligence
Server's error. So the states of the tables decide, where the server tells them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from mstr_arrow.responses import fields, identity, items, number, optional_text, reading, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Progress: TypeAlias = Literal["not begun", "running", "loaded", "ended", "untold", "failed"]
"""How far a publication is: "ended" is said of all tables at once, "untold" is either running or ended."""

_LOADED = frozenset({"loaded", "completed"})
_NOTHING_YET = frozenset({"reserved"})
_ERROR = "error"


class TableState(NamedTuple):
    """The state of a table: the server's word in small letters; why it failed, and the code of that."""

    word: str
    message: str = ""
    code: int | None = None

    @property
    def failed(self) -> bool:
        """Whether it was not loaded, and will not be."""
        return self.word == _ERROR or (self.word not in _LOADED and (self.code or 0) < 0)


@dataclass(frozen=True, slots=True)
class RefreshState:
    """The status of a publication: a number for all, None where there is none; and of each table, by id."""

    status: int | None
    tables: Mapping[str, TableState] = field(default_factory=dict)


class Verdict(NamedTuple):
    """How far a publication is; the ``message`` says it in words, ``code`` is the server's where it failed."""

    progress: Progress
    message: str = ""
    code: int | None = None


def read_state(body: Any) -> RefreshState:
    """Read the status of a publication; errors: ProtocolError.

    >>> read_state({"status": "1"})
    RefreshState(status=1, tables={})
    >>> read_state({"status": 6, "tables": [{"id": "a1", "status": "LOADED"}]}).tables
    {'a1': TableState(word='loaded', message='', code=None)}
    """
    with reading(body, "a status of a publication"):
        told = fields(body)
        listed = [_table(fields(item)) for item in items(told.get("tables"))]
        status = whole_number(told.get("status")) if listed else number(told, "status")
        return RefreshState(status, dict(listed))


def _table(item: dict[str, Any]) -> tuple[str, TableState]:
    word = text(item, "status", "state").strip().lower().replace(" ", "_")
    message = optional_text(item, "errorMessage", "message") or ""
    return identity(item, "id", "tableId", "objectId"), TableState(
        word, message, whole_number(item.get("errorCode"))
    )


def verdict(state: RefreshState, requested: Iterable[str], names: Mapping[str, str]) -> Verdict:
    """Say what a status means for the tables that were asked for, by id; ``names`` are those of tables.

    Failure is a negative number, or a table with an error; success that each table is loaded. Without tables, zero
    says that all is done; one leaves it open.

    >>> verdict(RefreshState(1, {"A1": TableState("loaded")}), ["A1"], {}).progress
    'loaded'
    """
    wanted = set(requested)
    wrong = {key: table for key, table in state.tables.items() if table.failed}
    if wrong or (state.status is not None and state.status < 0):
        return _failure(state.status, wrong, names)
    if state.tables:
        words = {key: state.tables[key].word if key in state.tables else "unknown" for key in wanted}
        if all(word in _LOADED for word in words.values()):
            return Verdict("loaded", _words(words, names))
        begun = any(table.word not in _NOTHING_YET for table in state.tables.values())
        return Verdict("running" if begun else "not begun", _words(words, names))
    match state.status:
        case 0:
            return Verdict("ended", "the server says that all is loaded")
        case 1:
            return Verdict("untold", "the server says that it runs, or has ended")
        case 5:
            return Verdict("not begun", "the tables are reserved")
        case _:
            return Verdict("running", f"status {state.status}")


def _failure(status: int | None, wrong: Mapping[str, TableState], names: Mapping[str, str]) -> Verdict:
    """Say which tables failed and why, and by which code."""
    reasons = [
        f"table {names.get(key, key)!r}: {table.message or 'no reason is given'}" for key, table in wrong.items()
    ]
    codes = [table.code for table in wrong.values() if table.code] + [status if status and status < 0 else None]
    return Verdict("failed", "; ".join(reasons), next((code for code in codes if code), None))


def _words(states: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Say how many tables are in which state, and their names where it is not the same for all."""
    by_word: dict[str, list[str]] = {}
    for key, word in states.items():
        by_word.setdefault(word.replace("_", " "), []).append(names.get(key, key))
    if len(by_word) == 1:
        (word, every), *_ = by_word.items()
        return f"{len(every)} tables: {word}" if len(every) > 1 else f"table {every[0]!r}: {word}"
    return "; ".join(f"{', '.join(map(repr, sorted(each)))}: {word}" for word, each in sorted(by_word.items()))
