"""Whether parts may be added to a folder of parts, and where that cannot be meant. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from mstr_arrow.errors import UsageError
from mstr_arrow.files.hive import column_of
from mstr_arrow.names import listing
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import PurePosixPath

    import pyarrow as pa

Mode = Literal["append", "replace_partitions"]


def check_mode(mode: Mode | None, *, overwrite: bool, partitioned: bool) -> None:
    """Refuse what cannot be meant; errors: UsageError."""
    if mode is None:
        return
    if mode not in get_args(Mode):
        raise UsageError(f"mode={mode!r} is not known.", hint='Choose "append" or "replace_partitions".')
    if overwrite:
        raise UsageError(
            f'mode="{mode}" keeps parts that are there, and overwrite=True replaces all of them.',
            hint="Leave one of them out.",
        )
    if mode == "replace_partitions" and not partitioned:
        raise UsageError(
            'mode="replace_partitions" is for folders of partitions, and no column is named to partition by.',
            hint="Name the columns of its partitions.",
        )


def check_replaceable(shown: str, *, empty: bool, foreign: str | None, allowed: bool) -> None:
    """Refuse a folder that holds what is no part, or without ``allowed`` anything; errors: UsageError."""
    if not empty and not allowed:
        raise UsageError(
            f"the folder {shown} is not empty.",
            hint=naming("Give another, or have it replaced: {Scan.write_parquet.overwrite=True}."),
        )
    if foreign:
        raise UsageError(
            f"the folder {shown} holds {foreign!r}, which is no part: it is not replaced.",
            hint="Give another folder, or move away what it holds.",
        )


def check_is_no_extraction(shown: str, *, is_extraction: bool) -> None:
    """Refuse to add parts to an extraction; errors: UsageError."""
    if is_extraction:
        raise UsageError(
            f"the folder {shown} holds an extraction, whose manifest would no longer tell all that is there.",
            hint="Give another folder.",
        )


def check_partitions(shown: str, place: PurePosixPath, columns: Sequence[str]) -> None:
    """Refuse to add parts in partitions by columns where parts are in others; errors: UsageError."""
    there = [column_of(name) for name in place.parts]
    if there == list(columns):
        return
    by = f"partitioned by {listing([str(name) for name in there])}" if there else "not partitioned"
    wanted = f"by {listing(list(columns))}" if columns else "not partitioned"
    raise UsageError(
        f"the folder {shown} is {by}, and what is to be added {wanted}.",
        hint="Partition by the same columns, or give another folder.",
    )


def check_columns(shown: str, there: Mapping[str, str], schema: pa.Schema) -> None:
    """Refuse to add columns to others, given as their types by name; errors: UsageError that names them."""
    new = plain_types(schema)
    told = [f"{name!r} is not there" for name in new if name not in there]
    told += [f"{name!r} is missing" for name in there if name not in new]
    told += [
        f"{name!r} is {new[name]}, and {kind} there" for name, kind in there.items() if new.get(name, kind) != kind
    ]
    if not told and list(there) != list(new):
        told = [f"their order is {listing(list(there))} there, and {listing(list(new))} here"]
    if told:
        raise UsageError(
            f"the folder {shown} has other columns than what is to be added: {'; '.join(told)}.",
            hint="Give another folder, or the same columns as are there.",
        )


def plain_types(schema: pa.Schema) -> dict[str, str]:
    """Return the types of columns by name, as files have them."""
    return {field.name: str(getattr(field.type, "value_type", field.type)) for field in schema}
