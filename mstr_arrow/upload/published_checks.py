"""The totals of a dataset after publishing, compared with those of the rows that were sent. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataMismatch
from mstr_arrow.names import listing
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.upload.cube_totals import CubeTotals
    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.sums import Sum
    from mstr_arrow.upload.write_result import TableResult

_AGAIN = naming("Upload it again with {Connection.write.mode='replace'}.")
_LOOK = advice(
    "look at the rows",
    "Compare what the cube shows with what was sent before you write again: {Connection.cube.row_counts=True} "
    "reads the rows of each table, too. What is added once more may be there twice.",
)


def check_counts(
    sent: Iterable[TableResult], policies: Mapping[str, Policy], before: Mapping[str, int], after: Mapping[str, int]
) -> tuple[bool | None, str]:
    """Compare row counts with what was sent: whether they are right, None where nobody can know, and why.

    Raises DataMismatch where rows are missing or doubled.
    """
    sent = list(sent)
    if uncounted := [table.name for table in sent if table.name not in after]:
        return None, f"not possible: the server shows no row count of table {uncounted[0]!r}"
    for table in sent:
        least, most = _bounds(policies[table.name], table.rows, before.get(table.name, 0))
        if not least <= after[table.name] <= most:
            due = f"{least:,}" if least == most else f"{least:,} to {most:,}"
            raise DataMismatch(
                f"table {table.name!r} has {after[table.name]:,} rows after publishing, and should have {due}.",
                hint=_hint(policies[table.name]),
            )
    if open_ended := sorted({"update", "upsert"} & set(policies.values())):
        return None, f"not possible: the rows that {' and '.join(open_ended)} leaves depend on the keys"
    for table in sent:
        fewer = not_added(table, policies[table.name], before, after)
        if fewer:
            return None, (
                f"not possible: table {table.name!r} has {after[table.name]:,} rows, {fewer:,} fewer than it had "
                "and were added; the server may have taken these for rows that were there with equal attributes"
            )
    return True, "the cube has as many rows as were sent"


def not_added(table: TableResult, policy: Policy, before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """Return how many of the rows that a table was to be added are not counted beside those there were.

    The server may have taken them for rows with the same attributes, which it changed or left as they were.
    """
    if policy != "add" or table.name not in after:
        return 0
    return before.get(table.name, 0) + table.rows - after[table.name]


def _bounds(policy: Policy, sent: int, before: int) -> tuple[int, int]:
    """Give the least and the most rows that a table may have."""
    if policy == "replace":
        return sent, sent
    return before, before if policy == "update" else before + sent


def _hint(policy: Policy) -> str:
    """Say what to do about a table that is not as it should be; rows that were there before are not given up."""
    return _AGAIN if policy == "replace" else _LOOK


def check_sums(
    sent: Mapping[str, Mapping[str, Sum]], policies: Mapping[str, Policy], before: CubeTotals, after: CubeTotals
) -> list[str]:
    """Compare the sums of metrics with what was sent; return which are right, as far as the server tells.

    Of rows that are added all must count beside those there were. Raises DataMismatch for a metric that has another
    sum.
    """
    right = []
    for table, sums in sent.items():
        if policies[table] not in {"add", "replace"}:
            continue
        for metric, due in sums.items():
            found = after.sums.get(metric, Fraction() if not due.count else None)
            if found is None or (policies[table] == "add" and metric not in before.sums):
                continue
            earlier = before.sums.get(metric, Fraction()) if policies[table] == "add" else Fraction()
            if not due.is_like(found - earlier, beside=abs(earlier)):
                raise DataMismatch(
                    f"the metric {metric!r} of table {table!r} is {_number(found)} in all after publishing, and "
                    f"the rows that it should have add up to {_number(due.value + earlier)}.",
                    hint=naming(
                        "{what} If it recurs, the server does not show the sum of this metric.",
                        what=_hint(policies[table]),
                    ),
                )
            right.append(metric)
    return right


def check_rows(
    sent: Iterable[TableResult],
    policies: Mapping[str, Policy],
    before: CubeTotals,
    after: CubeTotals,
    *,
    fewer: int = 0,
) -> tuple[int | None, int]:
    """Compare the rows that a cube of one table shows with those sent that attributes tell apart.

    ``fewer`` of those that were added are not counted (`not_added`). Returns the rows, None where they are
    not known, and how many of those sent had attributes of rows that were there. Raises DataMismatch where there
    are more or fewer.
    """
    sent = list(sent)
    table, policy = sent[0], policies[sent[0].name]
    known = len(sent) == 1 and table.rows_shown is not None and not table.estimated
    if not known or after.rows is None or policy not in {"add", "replace"}:
        return None, 0
    earlier = before.rows if policy == "add" else 0
    if earlier is None:
        return None, 0
    shown = table.rows_shown or 0
    most = earlier + shown
    least = max(earlier, shown)
    if (policy == "replace" and after.rows != most) or not least <= after.rows <= most:
        raise DataMismatch(
            f"the cube shows {after.rows:,} of {most:,} rows after publishing, whose attributes differ.",
            hint="Servers may take texts for equal that differ in upper and lower case, or in blanks at the end.",
        )
    there = most - after.rows
    if fewer > there + table.rows - shown:
        raise DataMismatch(
            f"table {table.name!r} has {fewer:,} rows fewer after publishing than it had and were added, though "
            f"only {there:,} of them can have had the attributes of rows that were there.",
            hint=_LOOK,
        )
    return after.rows, there


def describe_checks(rows: int | None, there: int, sums: list[str]) -> str:
    """Say what was compared beside row counts."""
    said = ""
    if rows is not None:
        said += f", and shows {rows:,}"
        said += f", as {there:,} of those sent were added to rows with equal attributes" if there else ""
    return said + (f"; the sums of {listing(sums)} are right" if sums else "")


def _number(value: Fraction) -> str:
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,}"
