"""One word for one thing: names that nobody could tell apart do not come back, and what acts is told to."""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.vocabulary import (
    ROOT,
    TOWER,
    Module,
    classes_in,
    exemptions_without_reason,
    is_past,
    is_present,
    modules_of,
    participles_in,
    repeated_in,
    riddles_in,
)

IMPERATIVE = (
    *("adapters", "caches", "catalog", "cli", "compat", "datamodels", "delivery", "fetch", "files", "http"),
    *("instances", "jobs", "objects", "prompts", "query", "extract", "grid", "publishing", "scan", "secrets"),
    *("session", "simulator", "subscriptions", "throughput", "upload", "users"),
)
"""Rooms whose functions begin with a verb in the imperative, or name what they return."""

ALLOWED = {
    "query.query: filtered": "a query with more conditions; `filter` is what a user calls",
    "query.query: aggregated": "as `filtered`",
    "query.query: selected": "as `filtered`",
    "query.query: sorted_by": "as `filtered`",
    "query.planner: narrowed": "a division with a narrower body",
    "jobs.records.record: killed": "a record as it is when its process was killed",
    "simulator.faults.fault: outwaited": "a public constructor, which names the fault: `Fault.outwaited()`",
    "simulator.faults.fault: truncated": "as `outwaited`",
    "simulator.faults.fault: stalled": "as `outwaited`",
    "simulator.faults.fault: trickled": "as `outwaited`",
    "simulator.faults.fault: damaged": "as `outwaited`",
    "simulator.faults.fault: logged_out": "as `outwaited`",
}
"""Where a participle is right: values that are never changed, and what is made of them."""

WRONG_CALLS = ROOT / "tests/typing/api.py"
"""A module that type checkers must find wrong where it says that they are not to look."""

GONE = frozenset(TOWER) - {"Query"}
"""Class names that only their author could tell apart. A `Query` is what a scan asks for, and nothing else."""


@cache
def modules():
    return modules_of(ROOT)


def test_no_class_has_a_name_that_only_its_author_could_tell_apart():
    assert [f"{place}: {name}" for name, place in classes_in(modules()) if name in GONE] == []


def test_a_query_is_one_thing():
    assert [place for name, place in classes_in(modules()) if name == "Query"] == ["query.query"]


@pytest.mark.parametrize("room", IMPERATIVE)
def test_what_acts_is_a_verb_in_the_imperative(room):
    inside = [module for module in modules() if module.name.startswith(f"{room}.")]
    found = {f"{place}: {name}" for name, place in participles_in(inside)}
    assert sorted(found - ALLOWED.keys()) == []


def test_no_file_has_the_name_of_one_in_a_neighbouring_room():
    assert repeated_in(list(modules())) == {}


def test_docstrings_and_comments_name_their_subjects():
    assert list(riddles_in(modules())) == []


@pytest.mark.parametrize("folder", ["mstr_arrow", "tests", "benchmarks"])
def test_lines_that_are_left_out_of_a_check_say_why(folder):
    each = [Module(path, str(path.relative_to(ROOT))) for path in sorted((ROOT / folder).rglob("*.py"))]
    each = [module for module in each if module.path != WRONG_CALLS]
    assert [f"{module.name}:{line}" for module in each for line in exemptions_without_reason(module)] == []


@pytest.mark.parametrize(
    "comment", ["# noqa: S301", "# noqa: S301, S603", "# type: ignore[misc]", "# type: ignore"]
)
def test_an_exemption_needs_a_reason(tmp_path, comment):
    path = tmp_path / "rows.py"
    path.write_text(f"x = 1  {comment}\ny = 2  {comment} - ours\nz = '{comment}'\n", encoding="utf-8")
    assert exemptions_without_reason(Module(path, "rows")) == [1]


def test_what_is_allowed_is_there():
    found = {f"{place}: {name}" for name, place in participles_in(modules())}
    assert sorted(ALLOWED.keys() - found) == []


@pytest.mark.parametrize("word", ["opened", "made", "told", "written", "parted"])
def test_participles_are_recognised(word):
    assert is_past(word)


@pytest.mark.parametrize("word", ["read", "open", "seed", "exceed", "need", "red", "find"])
def test_verbs_are_none(word):
    assert not is_past(word)
    assert not is_present(word)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""What is it."""', "1: What"),
        ('x = 1\n"""The rows that\nwhoever asks gets."""', "2: whoever"),
        ("# see\n# what there\n# is", "1: what there is"),
        ('# What passes\n"""Rows."""\nhint = "Ask whoever knows."', None),
    ],
)
def test_words_in_place_of_a_subject_are_found_in_docstrings_and_comments(tmp_path, source, found):
    path = tmp_path / "rows.py"
    path.write_text(source + "\n", encoding="utf-8")
    assert list(riddles_in([Module(path, "rows")])) == ([f"rows:{found}"] if found else [])
