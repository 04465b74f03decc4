"""What a dataset shows after publishing, compared with what was sent. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataMismatch
from mstr_arrow.names import listing
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.upload.counts import Shown
    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.result import TableResult
    from mstr_arrow.upload.sums import Sum

_AGAIN = naming("Upload it again with {Connection.write.mode='replace'}.")


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
                hint=_AGAIN,
            )
    if open_ended := sorted({"update", "upsert"} & set(policies.values())):
        return None, f"not possible: the rows that {' and '.join(open_ended)} leaves depend on the keys"
    return True, "the cube has as many rows as were sent"


def _bounds(policy: Policy, sent: int, before: int) -> tuple[int, int]:
    """Give the least and the most rows that a table may have."""
    if policy == "update":
        return before, before
    if policy == "upsert":
        return before, before + sent
    rows = sent + (before if policy == "add" else 0)
    return rows, rows


def check_sums(
    sent: Mapping[str, Mapping[str, Sum]], policies: Mapping[str, Policy], before: Shown, after: Shown
) -> list[str]:
    """Compare the sums of metrics with what was sent; return which are right, as far as the server tells.

    Raises DataMismatch for a metric that has another sum.
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
                        "{again} If it recurs, the server does not show the sum of this metric.", again=_AGAIN
                    ),
                )
            right.append(metric)
    return right


def check_rows(
    sent: Iterable[TableResult], policies: Mapping[str, Policy], before: Shown, after: Shown
) -> tuple[int | None, int]:
    """Compare the rows that a cube of one table shows with those sent that attributes tell apart.

    Returns them, None where they are not known, and how many of those sent were added to rows that were there.
    Raises DataMismatch where there are more or fewer.
    """
    sent = list(sent)
    table, policy = sent[0], policies[sent[0].name]
    known = len(sent) == 1 and table.rows_shown is not None and not table.estimated
    if not known or after.rows is None or policy not in {"add", "replace"}:
        return None, 0
    earlier = before.rows if policy == "add" else 0
    if earlier is None:
        return None, 0
    most = earlier + (table.rows_shown or 0)
    least = max(earlier, table.rows_shown or 0)
    if (policy == "replace" and after.rows != most) or not least <= after.rows <= most:
        raise DataMismatch(
            f"the cube shows {after.rows:,} of {most:,} rows after publishing, whose attributes differ.",
            hint="Servers may take texts for equal that differ in upper and lower case, or in blanks at the end.",
        )
    return after.rows, most - after.rows


def told(rows: int | None, added: int, sums: list[str]) -> str:
    """Say what was compared beside row counts."""
    said = ""
    if rows is not None:
        said += f", and shows {rows:,}"
        said += f", as {added:,} of those sent were added to rows with equal attributes" if added else ""
    return said + (f"; the sums of {listing(sums)} are right" if sums else "")


def _number(value: Fraction) -> str:
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,}"
