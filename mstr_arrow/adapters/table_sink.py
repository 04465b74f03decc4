"""Tables as sinks of rows: looked at first, filled by their tool, and changed by its commit alone."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from mstr_arrow.adapters.handover import Handover
from mstr_arrow.adapters.merge_keys import MergeKeys
from mstr_arrow.adapters.table_columns import Fit, check_there, fit, schema_in
from mstr_arrow.errors import MstrError, TableError, UsageError
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from mstr_arrow.adapters.table_columns import Holding
    from mstr_arrow.grid.texts import Strings

Mode = Literal["error", "append", "create_append", "overwrite", "merge"]
"""The treatment of a table that is there, and of one that is not.

================== =========================================== =================
mode               a table that is there                       one that is not
================== =========================================== =================
``error``          is refused                                  is made
``append``         gets the rows beside its own                is refused
``create_append``  gets the rows beside its own                is made
``overwrite``      loses its rows for the new ones             is made
``merge``          gets the rows in place of those whose       is made
                   keys they have, and the others beside them
================== =========================================== =================
"""
SchemaMode = Literal["fixed", "add"]
"""``fixed``: the columns must be those of the table; ``add``: new ones are added, those that do not come empty."""

_STACK = re.compile(r"^\s*0: .*\Z", re.MULTILINE | re.DOTALL)
_DRAWN = re.compile(r"\x1b\[\d*m|↳")
"""Colours and arrows of errors that come with the errors below them."""
_SECRET = re.compile(r"key|secret|token|password|sas|credential|uri|account", re.IGNORECASE)
"""Options whose values are not shown where a tool quotes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How rows go into a table; errors: UsageError for words that are not known, and for keys without a merge."""

    mode: Mode = "error"
    keys: tuple[str, ...] = ()
    schema_mode: SchemaMode = "fixed"
    partition_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise UsageError(f"mode={self.mode!r} is not known.", hint=f"Choose {', '.join(get_args(Mode))}.")
        if self.schema_mode not in get_args(SchemaMode):
            raise UsageError(f"schema_mode={self.schema_mode!r} is not known.", hint='Choose "fixed" or "add".')
        if (self.mode == "merge") != bool(self.keys):
            seen = "no keys are given" if self.mode == "merge" else f'keys are given, and mode is "{self.mode}"'
            raise UsageError(
                f"{seen}: rows are merged by the columns that tell them apart.",
                hint='Give both: mode="merge", keys=["Order"].',
            )


def choice(
    mode: Mode,
    keys: str | Sequence[str] = (),
    schema_mode: SchemaMode = "fixed",
    partition_by: str | Sequence[str] = (),
) -> Choice:
    """Check how rows go into a table; errors: UsageError."""
    return Choice(
        mode=mode,
        keys=_names("keys", keys),
        schema_mode=schema_mode,
        partition_by=_names("partition_by", partition_by),
    )


def _names(what: str, given: str | Sequence[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple) else None
    if names is None or not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
        raise UsageError(f"{what} is {given!r}.", hint="Give a list of names of columns, each once.")
    return names


class TableSink(ABC):
    """A table that is written in one commit: before it, and where it does not come to it, the table is as it was.

    ``where`` names the table in errors. Holds what its tool holds, one batch that waits and, where rows are merged,
    the keys of all rows.
    """

    strings: Strings = "plain"
    shows_at_end = True
    """Nobody sees rows before the commit."""

    holding: Holding
    """The types that the tool holds."""

    def __init__(self, chosen: Choice, where: str) -> None:
        self._choice = chosen
        self._where = where
        self._there: pa.Schema | None = None
        self._fit: Fit | None = None
        self._keys = MergeKeys(())
        self._handover: Handover | None = None

    def open(self) -> None:
        """Look at the table, before anything is asked of the server; errors: UsageError, TableError."""
        self._there = self._call_tool(self._look)
        if self._there is not None and self._choice.mode == "error":
            raise UsageError(
                f"{self._where} is there already.",
                hint=advice(
                    "a table that is there",
                    'mode="append" adds the rows to it, "overwrite" puts them in place of its own, and "merge" of '
                    "those with the same keys.",
                ),
            )
        if self._there is None and self._choice.mode == "append":
            raise UsageError(
                f"{self._where} is not there.",
                hint=advice(
                    "a table that is not there", 'Is the name right? mode="create_append" makes a new one.'
                ),
            )

    def start(self, schema: pa.Schema) -> None:
        """Begin with rows of a schema; errors: UsageError for columns that do not fit, TableError."""
        held = schema_in(schema, self.holding)
        check_there(self._choice.keys, held, "keys")
        if self._there is None:
            check_there(self._choice.partition_by, held, "partition_by")
            if {*self._choice.partition_by} >= {*held.names}:
                raise UsageError("partition_by names all columns.", hint="Leave out at least one.")
        self._fit = Fit(held) if self._there is None else self._fit_columns(held, self._there)
        self._keys = MergeKeys(self._choice.keys)
        self._call_tool(self._prepare)
        self._handover = Handover(self._fit.schema, self._load)

    def _fit_columns(self, held: pa.Schema, there: pa.Schema) -> Fit:
        add = self._choice.schema_mode == "add"
        return fit(held, there, self._where, add=add, types_told=self.holding.types_told)

    def write(self, batch: pa.RecordBatch) -> None:
        """Hand one batch to the tool; errors: TableError, of the tool, or for a key that is empty."""
        if self._fit is None or self._handover is None:
            raise RuntimeError("not started")
        fitting = self._fit.batch(batch)
        self._keys.take(fitting)
        self._call_tool(self._handover.put, fitting)

    def finish(self) -> None:
        """Have the tool commit; errors: TableError, of the tool, or for keys of several rows."""
        if self._handover is None:
            raise RuntimeError("not started")
        self._keys.check()
        self._call_tool(self._handover.end)
        self._handover = None
        self._close()

    def begin_again(self) -> bool:
        """Have the tool undo what it did, so that `start` begins anew."""
        self.abandon()
        self.open()
        return True

    def abandon(self) -> None:
        """Have the tool undo what it did, and let go of the table."""
        handover, self._handover = self._handover, None
        try:
            if handover is not None:
                handover.give_up()
        finally:
            self._close()

    def _call_tool(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Call a tool; its errors become TableError."""
        try:
            return work(*arguments)
        except (MstrError, MemoryError):
            raise
        except Exception as error:
            raise self._not_written(error) from error

    def _not_written(self, error: Exception) -> MstrError:
        """Return the error for one of the tool's."""
        return TableError(
            f"{self._where} was not written: {describe_error(error, self._secrets())}", hint=self._hint(error)
        )

    def _hint(self, error: Exception) -> str | None:  # noqa: ARG002 - for those that know more
        return "It is as it was."

    def _secrets(self) -> Mapping[str, str]:
        """Options whose values errors must not show."""
        return {}

    @abstractmethod
    def _look(self) -> pa.Schema | None:
        """Return the columns of the table, None where there is no such table."""

    def _prepare(self) -> None:  # noqa: B027 - most have nothing more to check
        """Check what only this tool asks for, when the columns are known, and before the first row."""

    @abstractmethod
    def _load(self, reader: pa.RecordBatchReader) -> None:
        """Write all batches of a reader, and commit; undo everything where that fails."""

    def _close(self) -> None:  # noqa: B027 - most have nothing open
        """Let go of what was opened."""


def describe_error(error: Exception, secrets: Mapping[str, str]) -> str:
    r"""Return what a tool says, on a line, without its stack, and without the values of secret options.

    >>> describe_error(ValueError("no such\nbucket, key=abcdefghi\n   0: <unknown>"), {"key": "abcdefghi"})
    'no such bucket, key=…'
    """
    text = " ".join(_DRAWN.sub("", _STACK.sub("", str(error))).split()) or type(error).__name__
    for name, value in secrets.items():
        if _SECRET.search(name) and isinstance(value, str) and len(value) > 3:
            text = text.replace(value, "…")
    return text
