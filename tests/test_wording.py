"""Texts that name settings and calls, and whether what they name is there."""

import inspect
import pickle
import re
from types import SimpleNamespace

import pytest

import mstr_arrow as ma
from mstr_arrow.upload.push_options import CreateOptions, UpdateOptions, WriteOptions
from mstr_arrow.wording import advice, name_path, naming, say_in_words
from tests.namedtexts import names, plain_texts

OPTIONS = {
    each.__name__: each for each in (ma.ScanOptions, ma.ExtractOptions, CreateOptions, UpdateOptions, WriteOptions)
}
PLACES = SimpleNamespace(**{name: getattr(ma, name) for name in ma.__all__}, ColumnReference=type(ma.col("Region")))
A_SETTING = re.compile(r"\b(Timeouts|Tls|Network|Proxy|Limits|SessionSettings|Retry|Settings)[.(]\w")
THE_COMMAND_LINE = re.compile(r"(?<![\w-])--[a-z]|\bmstr-arrow [a-z]")


def test_what_the_texts_name_is_there():
    assert [path for path in sorted(names()) if not is_there(path)] == []


def is_there(path):
    """Tell whether a path leads to a setting, a parameter, or, with brackets, to a call."""
    called, bracket, _ = path.partition("=")[0].partition("(")
    found = PLACES
    for name in called.split("."):
        if inspect.isfunction(found):
            return name in parameters(found)
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return callable(found) == bool(bracket)


@pytest.mark.parametrize("path", ["Timeouts.reed", "Connection.renew", "Scan.extract.resum=False"])
def test_what_leads_nowhere_is_found(path):
    assert not is_there(path)


def parameters(function):
    """Give the names of a function's parameters, those of a typed dictionary of options included."""
    found = set()
    for name, parameter in inspect.signature(function).parameters.items():
        options = re.fullmatch(r"Unpack\[(\w+)\]", str(parameter.annotation))
        found |= set(OPTIONS[options[1]].__annotations__) if options else {name}
    return found


def test_no_text_names_a_setting_without_saying_so():
    assert [found for found in plain_texts() if A_SETTING.search(found[1])] == []


def test_the_library_does_not_speak_of_the_command_line():
    assert [found for found in plain_texts() if THE_COMMAND_LINE.search(found[1])] == []


def test_a_wording_is_a_text_that_survives_pickling():
    more = advice("later", "or {Connection.renew()} {name!r}.", name="{x}")
    text = naming("Raise {Timeouts.read}, {more}", more=more)
    assert isinstance(text, str)
    assert text == "Raise Timeouts.read, or renew() '{x}'."
    copy = pickle.loads(pickle.dumps(text))
    assert say_in_words(copy, {"Timeouts.read": "--read-timeout"}) == "Raise --read-timeout, or renew() '{x}'."
    assert say_in_words(copy, {"later": "or ask {name} {name!r}."}) == "Raise Timeouts.read, or ask {x} '{x}'."


def test_a_text_without_names_is_the_same_for_all():
    assert say_in_words("Raise {it}.", {"it": "x"}) == "Raise {it}."
    assert say_in_words(naming("Raise {{it}} {amount:.1f}.", amount=1.25), {"it": "x"}) == "Raise {it} 1.2."


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("Timeouts.read", "Timeouts.read"),
        ("Tls.ca_file=…", "Tls(ca_file=…)"),
        ("connect.project", "project="),
        ("Scan.extract.resume=False", "resume=False"),
        ("Connection.renew()", "renew()"),
        ("col()", "col()"),
        ("Connection.in_project('a=b.c')", "in_project('a=b.c')"),
        ("secrets.aws_parameter(name)", "secrets.aws_parameter(name)"),
    ],
)
def test_how_python_says_it(path, said):
    assert name_path(path) == said
