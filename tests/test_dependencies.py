"""What is depended on: nothing known to be vulnerable, and pinned for development by hashes, whatever the index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = (ROOT / "requirements" / "development.txt").read_text(encoding="utf-8")

VULNERABLE = {"aiohttp": "3.13.2", "azure-identity": "1.16.0", "orjson": "3.9.14", "pyarrow": "14.0.0"}
"""The last versions of which vulnerabilities are known that matter here."""


def asked_for():
    project = PROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()]
    listed = [Requirement(text) for texts in [project["dependencies"], *groups] for text in texts]
    return [each for each in listed if each.name != "mstr-arrow"]


def pins():
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", PINNED, re.MULTILINE))


def test_the_arrow_that_crashes_is_not_allowed():
    (arrow,) = [each for each in asked_for() if each.name == "pyarrow"]
    allowed = {version: arrow.specifier.contains(version) for version in ("24.0.0", "25.0.0", "25.0.1")}
    assert allowed == {"24.0.0": True, "25.0.0": False, "25.0.1": True}


@pytest.mark.parametrize("name", VULNERABLE)
def test_no_version_that_is_known_to_be_vulnerable_is_allowed(name):
    allowed = [each for each in asked_for() if each.name == name]
    assert allowed
    assert not [each for each in allowed if each.specifier.contains(VULNERABLE[name])]


def test_what_is_pinned_is_what_is_asked_for():
    pinned = pins()
    for each in asked_for():
        assert each.specifier.contains(pinned[each.name], prereleases=True), each


def test_each_pin_has_hashes_and_none_says_where_it_is_from():
    entries = re.split(r"\n(?=[a-z])", PINNED)
    assert len(entries) == len(re.findall(r"^[a-z0-9._-]+==", PINNED, re.MULTILINE))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|index-url|find-links", PINNED)
