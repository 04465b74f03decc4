"""What the command line says in place of settings and calls can be done there."""

import re
from types import SimpleNamespace

import pytest
import typer

from mstr_arrow.cli.app import app
from mstr_arrow.cli.loading import leaves
from mstr_arrow.cli.render.wording import NOT_HERE, WORDS
from mstr_arrow.profiles import SECRET_KEYS
from mstr_arrow.secrets.tables import STORES
from tests.namedtexts import advice_keys, names


@pytest.fixture(scope="module")
def commands():
    return typer.main.get_command(app).commands


@pytest.fixture(scope="module")
def each_command(commands):
    return leaves(SimpleNamespace(commands=commands)).values()


@pytest.fixture(scope="module")
def options(each_command):
    return {option for command in each_command for parameter in command.params for option in parameter.opts}


@pytest.fixture(scope="module")
def variables(each_command):
    named = {parameter.envvar for command in each_command for parameter in command.params}
    return named | {f"MSTR_{key.upper().replace('-', '_')}" for key in SECRET_KEYS}


def test_every_name_has_a_word_or_is_of_no_use_here():
    assert sorted(WORDS.keys() & NOT_HERE) == []
    assert sorted(names(replaced=WORDS.keys()) - WORDS.keys() - NOT_HERE) == []


def test_there_is_no_word_for_what_nobody_says():
    assert sorted((WORDS.keys() | NOT_HERE) - names(replaced=WORDS.keys()) - advice_keys()) == []


@pytest.mark.parametrize("words", sorted(set(WORDS.values())))
def test_what_is_said_is_there(words, commands, options, variables):
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", words)) <= options
    assert set(re.findall(r"\bMSTR_\w+", words)) <= variables
    assert set(re.findall(r"\bmstr-arrow ([a-z]+)", words)) <= commands.keys()
    assert set(re.findall(r"profile's ([a-z-]+)", words)) <= SECRET_KEYS
    keys = set(re.findall(r"\b([a-z-]+) = ", words))
    known = {"key", *STORES}.union(*(store.must | store.may for store in STORES.values()))
    assert keys <= known
