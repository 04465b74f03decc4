"""What is public: written down once, importable, told in the changelog when it changes."""

import pkgutil
from importlib import import_module

import pytest

import mstr_arrow as ma
from tests.support.public_api import FILE, MODULES, public_names, renewed, surface, unreleased, written_down

PACKAGES = [name for name in MODULES if hasattr(import_module(name), "__path__")]
CHANGELOG = "# Changelog\n\n## 0.1.0\n\n- Scans.\n\n## 0.0.1\n\n- Cubes.\n"


def test_what_is_public_is_what_was_written_down():
    _, before = written_down(FILE.read_text("utf-8"))
    now = surface()
    gone, new = sorted(set(before) - set(now)), sorted(set(now) - set(before))
    assert (gone, new) == ([], []), (
        "What is public has changed: add a line to CHANGELOG.md, then run python -m tests.support.public_api"
    )


def test_a_change_is_written_down_once_the_changelog_tells_it():
    before = f"CHANGELOG.md, unreleased: {unreleased(CHANGELOG)}\nmstr_arrow.Cube\n"
    assert renewed(before, ["mstr_arrow.Cube"], CHANGELOG) == before
    with pytest.raises(ValueError, match=r"say so in CHANGELOG\.md first"):
        renewed(before, ["mstr_arrow.Scan"], CHANGELOG)
    with pytest.raises(ValueError, match="first"):
        renewed(before, ["mstr_arrow.Scan"], CHANGELOG.replace("Cubes", "Cubes and reports"))
    told = CHANGELOG.replace("Scans.", "Scans in place of cubes.")
    after = renewed(before, ["mstr_arrow.Scan"], told)
    assert written_down(after) == (unreleased(told), ["mstr_arrow.Scan"])


@pytest.mark.parametrize("name", MODULES)
def test_what_a_public_module_names_is_there(name):
    module = import_module(name)
    named = public_names(module)
    assert sorted(set(named)) == sorted(named)
    assert [each for each in named if not hasattr(module, each)] == []


def test_modules_that_are_reached_through_the_package_can_be_imported():
    reached = {name for name in ma.__all__ if type(getattr(ma, name)).__name__ == "module"}
    assert reached == {"delivery", "duckdb", "errors", "events", "jobs", "prompts", "secrets", "throughput"}
    assert all(import_module(f"mstr_arrow.{name}") is getattr(ma, name) for name in reached)


@pytest.mark.parametrize("name", PACKAGES)
def test_no_module_has_the_name_of_a_function(name):
    package = import_module(name)
    modules = {each.name for each in pkgutil.iter_modules(package.__path__)}
    named = {each for each in public_names(package) if type(getattr(package, each)).__name__ != "module"}
    assert modules & named == set()
