from dataclasses import fields, is_dataclass, replace

import pytest

from mstr_arrow.simulator import FurtherProject, ServerSettings, TimeModel
from mstr_arrow.simulator.rules.collation import Collation
from mstr_arrow.simulator.settings.assignments import default_of, read_assignments, write_assignments
from mstr_arrow.simulator.settings.overview import list_settings
from tests.support.settings import other_than

SETTINGS = {each.name: each for each in list_settings()}


def every_field(kind, inside=""):
    for each in fields(kind):
        default = default_of(each)
        if is_dataclass(default):
            yield from every_field(default, f"{inside}{each.name}.")
        else:
            yield inside + each.name


def test_every_setting_is_listed_with_what_it_means():
    assert sorted(SETTINGS) == sorted(every_field(ServerSettings))
    assert [each.name for each in SETTINGS.values() if not each.meaning.endswith((".", "null"))] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_can_be_set_by_its_name(name):
    given = ServerSettings(**read_assignments([other_than(SETTINGS[name])]))
    default = ServerSettings()
    changed = [each.name for each in fields(given) if getattr(given, each.name) != getattr(default, each.name)]
    assert changed == [name.partition(".")[0]]
    assert ServerSettings(**read_assignments(write_assignments(given))) == given


def test_parts_are_set_one_by_one_and_the_last_of_several_counts():
    texts = ["time.workers=2", "time.noise=1", "time.workers=null", "collation.case-insensitive=true", "seed=-4"]
    given = ServerSettings(**read_assignments(texts))
    assert given == replace(
        ServerSettings(seed=-4, time=TimeModel(noise=1)), collation=Collation(case_insensitive=True)
    )


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("iserver_version=11.1.0400.00123", "iserver_version", "11.1.0400.00123"),
        ("password=1e5", "password", "1e5"),
        ("password=a=b", "password", "a=b"),
        ('username="a b"', "username", "a b"),
        ("gateway_seconds=null", "gateway_seconds", None),
        ("gateway_seconds=3", "gateway_seconds", 3.0),
        ("report_seconds=0.5", "report_seconds", 0.5),
        ('report_seconds={"Daily": 2}', "report_seconds", {"Daily": 2.0}),
        ("report_seconds.Daily=2", "report_seconds", {"Daily": 2.0}),
        (
            'further_projects=[{"name": "B", "open": false}]',
            "further_projects",
            (FurtherProject(name="B", open=False),),
        ),
    ],
)
def test_values_are_json_or_texts(text, name, value):
    assert read_assignments([text]) == {name: value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows", "'rows' is no NAME=VALUE"),
        ("row=5", "there is no setting row; perhaps rows is meant"),
        ("time.worker=5", "there is no setting time.worker; perhaps time.workers is meant"),
        ("q=5", "there is no setting q"),
        ("rows=5.0", "rows is 5.0; it must be a whole number"),
        ("rows=true", "rows is true; it must be a whole number"),
        ("rows.more=5", 'rows is {"more":5}; it must be a whole number'),
        ("gzip=1", "gzip is 1; it must be true or false"),
        ("gateway_seconds=soon", "gateway_seconds is soon; it must be a number or null"),
        ("adding=add", 'adding is add; it must be "append", "ignore" or "change"'),
        ("model_done_status=true", "model_done_status is true; it must be 0 or 1"),
        ("nodes=a", "nodes is a; it must be a list, each a text"),
        ('further_projects=[{"objects": 1}]', "further_projects lacks name"),
        (
            'further_projects=[{"nam": 1}]',
            "there is no setting further_projects.nam; perhaps further_projects.name is meant",
        ),
        ('report_seconds={"Daily": "x"}', "report_seconds.Daily is x; it must be a number"),
    ],
)
def test_what_cannot_be_set_is_told(text, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011 - its message is compared
        read_assignments([text])
    assert str(told.value) == message


def test_no_number_is_negative_but_seeds():
    with pytest.raises(ValueError, match="session_timeout is -1; it must be 0 or more"):
        ServerSettings(session_timeout=-1)
    assert ServerSettings(seed=-1, fault_seed=-1).seed == -1
