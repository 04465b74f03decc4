"""Whether a page answers its request: of this instance and object, where it names them, and these rows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import DataMismatch

if TYPE_CHECKING:
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.rows import Range
    from mstr_arrow.instances.source import Source

_SHOWN = 80
"""Characters of an id that an error shows."""


def check_belongs(page: Page, source: Source, instance_id: str | None) -> None:
    """Raise DataMismatch for a page that names another instance, or another object, than it was asked of.

    ``instance_id`` is None where the page tells it. Some servers call the instance ``id``, others the object.
    """
    named = page.instance_id or instance_id or ""
    if instance_id and not _same(named, instance_id):
        raise _of_another("instance", named, instance_id)
    if page.object_id and not (_same(page.object_id, source.object_id) or _same(page.object_id, named)):
        raise _of_another(source.kind, page.object_id, source.object_id)


def check_rows(page: Page, wanted: Range, total: int) -> None:
    """Raise DataMismatch for a page of other rows than were wanted, or of a result of another length."""
    paging = page.paging
    if paging.offset != wanted.offset or not 0 < paging.current <= wanted.rows or paging.total != total:
        raise DataMismatch(
            f"The page at row {wanted.offset} came with {paging.current} rows from row {paging.offset} on, of "
            f"{paging.total}; at most {wanted.rows} were due, of {total}.",
            hint="Read again; the object may have been published meanwhile.",
        )


def _same(one: str, other: str) -> bool:
    return str(one).casefold() == other.casefold()


def _of_another(what: str, named: str, wanted: str) -> DataMismatch:
    return DataMismatch(
        f"The page that came is of the {what} {str(named)[:_SHOWN]!r}, not of {wanted}, which was asked for.",
        hint="Something between here and the server mixes answers up, such as a cache: nothing was delivered from "
        "this page; read again.",
    )
