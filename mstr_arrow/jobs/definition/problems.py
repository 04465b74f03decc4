"""Errors of a file of jobs, said in this package's words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import UsageError
from mstr_arrow.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel, ValidationError

    from mstr_arrow.toml.line_numbers import Path as Way

_KINDS = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "dict_type": "a table",
    "model_type": "a table",
    "list_type": "a list",
}


class Problem(NamedTuple):
    """Something wrong: the way to its key, what it is, and what helps."""

    way: Way
    what: str
    hint: str


def combine_problems(file: Path, problems: Sequence[tuple[int | None, Problem]]) -> UsageError:
    """Make one error of all problems, in the order of their lines."""
    ordered = sorted(problems, key=lambda each: each[0] or 0)
    told = list(
        dict.fromkeys(
            f"{file}{f', line {line}' if line else ''}: {problem.what}. {problem.hint}".rstrip()
            for line, problem in ordered
        )
    )
    if len(told) == 1:
        line, problem = ordered[0]
        place = f"{file}, line {line}" if line else str(file)
        return UsageError(f"{place}: {problem.what}.", hint=problem.hint or None)
    return UsageError(f"{len(told)} things are wrong with the jobs:\n" + "\n".join(told))


def problems_of(error: ValidationError, content: Mapping[str, Any]) -> list[Problem]:
    """Read what pydantic found; of alternatives that all failed, one problem is told."""
    found: dict[Way, Problem] = {}
    for each in error.errors():
        way = _way(each["loc"], content)
        problem = _problem(way, dict(each))
        if way not in found or each["type"] in {"extra_forbidden", "literal_error"}:
            found[way] = problem
    # An alternative that goes deeper is the one that was meant.
    return [
        problem
        for way, problem in found.items()
        if not any(other[: len(way)] == way and other != way for other in found)
    ]


def _way(loc: tuple[int | str, ...], content: Any) -> Way:
    """Keep what leads through the file itself: pydantic also names the alternatives that it tried.

    What a job takes from [defaults] is there.
    """
    way: Way = ()
    inside = content
    for key in loc:
        if isinstance(inside, dict) and (key in inside or str(key).replace("_", "-") in inside):
            inside = inside[key] if key in inside else inside[str(key).replace("_", "-")]
        elif isinstance(inside, list) and isinstance(key, int) and key < len(inside):
            inside = inside[key]
        elif len(way) == 2 and way[0] == "jobs" and key in (content.get("defaults") or {}):
            way, inside = ("defaults",), content["defaults"][key]
        else:
            if key == loc[-1] and not way:
                way = (key,)
            continue
        way = (*way, key)
    return way


def _problem(way: Way, each: dict[str, Any]) -> Problem:
    name, kind, given = way[-1] if way else "the file", each["type"], each.get("input")
    shown = "what it holds" if {"password", "api_key", "identity_token"} & set(map(str, way)) else repr(given)
    if kind == "extra_forbidden":
        known = _keys(way[:-1])
        where = f"[{'.'.join(map(str, way[:-1]))}]" if way[:-1] else "the file"
        return Problem(way, f"{where} has no key {str(name)!r}", suggestion(str(name), known))
    if kind == "missing":
        return Problem(
            way,
            "the file has no jobs",
            'A job is: [jobs.sales], and below it object = "Sales Cube" and destination = "sales/".',
        )
    if kind == "too_short":
        return Problem(way, "the file has no jobs", "Write [jobs.NAME] for each.")
    if kind == "literal_error":
        choices = each["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return Problem(way, f"{name} is {shown}, which is none of its values", suggestion(str(given), choices))
    if kind == "value_error":
        return Problem(way, f"{name}: {each['ctx']['error']}", "")
    if kind in {"greater_than_equal", "greater_than"}:
        return Problem(way, f"{name} is {shown}; it is at least {each['ctx'].get('ge', 1)}", "")
    if kind in _KINDS:
        return Problem(way, f"{name} is {shown}; it must be {_KINDS[kind]}", "")
    return Problem(way, f"{name} is {shown}: {each['msg']}", "")


def _keys(table: Way) -> list[str]:
    """List the keys that a table of the file may have."""
    from mstr_arrow.jobs.definition.file_model import Common, File, Job, Place, Run, Server  # noqa: PLC0415 - it needs the extra

    models: dict[Any, type[BaseModel]] = {"run": Run, "defaults": Common, "servers": Server, "jobs": Job}
    if not table:
        return list(File.model_fields)
    return list((Place if table[-1] == "destination" else models[table[0]]).model_fields)
