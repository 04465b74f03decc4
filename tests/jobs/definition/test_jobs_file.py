"""A file of jobs: what is wrong in it is told with lines and near names, all of it at once."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from mstr_arrow.errors import InsecureWarning, UsageError
from mstr_arrow.jobs.definition.jobs_file import read_jobs, schema

JOB = '[jobs.sales]\nobject = "Sales Cube"\ndestination = "sales/"\n'


def test_defaults_are_in_each_job_that_says_nothing_else(jobs_file):
    file = read_jobs(jobs_file(f"[defaults]\npart_bytes = '1MB'\nif_changed = true\n{JOB}if_changed = false\n"))
    assert (file.jobs["sales"].part_bytes, file.jobs["sales"].if_changed) == (1_000_000, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            JOB + 'colums = ["Region"]\n',
            "jobs.toml, line 4: [jobs.sales] has no key 'colums'. Did you mean 'columns'",
        ),
        (JOB + "part_rows = 0\n", "line 4: part_rows is 0; it is at least 1."),
        (JOB + "refresh = 1\n", "line 4: refresh is 1; it must be true or false."),
        (JOB + 'layout = "gird"\n', "line 4: layout is 'gird', which is none of its values. Did you mean 'grid'?"),
        (JOB + 'part_bytes = "lots"\n', "line 4: part_bytes: 'lots' is no size"),
        (
            JOB + "where = \"Day = '{toady}'\"\n",
            "line 4: '{toady}' is nothing that can be filled in. Did you mean {today}?",
        ),
        (JOB + 'where = "Units >"\n', "line 4: the condition 'Units >' is no SQL at '>'. It takes"),
        (JOB + 'having = ["Units > 1", "Units +"]\n', "line 4: the condition 'Units +' is no SQL"),
        (JOB.replace("sales/", "sales.xlsx"), "line 3: the name 'sales.xlsx' does not say which format is wanted."),
        (
            JOB + 'server = "b"\n[servers.bi]\nurl = "x"\n',
            "line 4: the job 'sales' names the server 'b', and there is no",
        ),
        (JOB + "[server.bi]\n", "line 4: the file has no key 'server'. Did you mean 'servers'?"),
        (JOB + "[defaults]\nobjet = 1\n", "line 5: [defaults] has no key 'objet'."),
        ('[jobs.sales]\ndestination = "x/"\n', "line 1: the job 'sales' has neither object nor include."),
        ('[jobs.sales]\nobject = "x"\n', "line 1: the job 'sales' has no destination."),
        (
            JOB.replace('"sales/"', "{dleta = 'x'}"),
            "line 3: [jobs.sales.destination] has no key 'dleta'. Did you mean 'delta'?",
        ),
        (JOB.replace('"sales/"', "{duckdb = 'x'}"), "line 3: a table of duckdb has a name, and none is said."),
        (
            JOB + 'mode = "merge"\nkeys = "Day"\n',
            "line 4: the job 'sales' merges, and its destination is no table.",
        ),
        (
            JOB + 'mode = "replace_partitions"\n',
            "line 4: the job 'sales' replaces partitions, and its destination is",
        ),
        (
            JOB.replace('"sales/"', "{delta = 'x'}") + 'mode = "merge"\n',
            "line 4: the job 'sales' merges, and has no keys.",
        ),
        (JOB + JOB, "Cannot declare ('jobs', 'sales') twice (at line 4, column"),
        ("", "the file has no jobs"),
        ("[jobs]\n", "the file has no jobs"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(jobs_file, text, said):
    with pytest.raises(UsageError) as raised:
        read_jobs(jobs_file(text))
    assert said in str(raised.value)


def test_all_that_is_wrong_is_told_at_once(jobs_file):
    with pytest.raises(UsageError, match="2 things are wrong") as raised:
        read_jobs(jobs_file(f"{JOB}colums = []\nheadd = 3\n"))
    assert "line 4" in str(raised.value)
    assert "line 5" in str(raised.value)


def test_a_password_in_the_file_is_warned_of_and_not_shown(jobs_file):
    with pytest.warns(InsecureWarning, match="line 4 holds a secret") as warned:
        read_jobs(jobs_file(f'[servers.bi]\nurl = "http://x"\nusername = "ann"\npassword = "hunter2"\n{JOB}'))
    assert "hunter2" not in str(warned[0].message)


def test_a_secret_of_a_wrong_type_is_not_shown(jobs_file):
    with pytest.raises(UsageError, match="password") as raised:
        read_jobs(jobs_file(f"[servers.bi]\nurl = 'http://x'\npassword = 271828\n{JOB}"))
    assert "271828" not in str(raised.value)


def test_the_schema_takes_what_the_check_takes():
    jsonschema = pytest.importorskip("jsonschema")
    known = schema()
    examples = sorted(Path(__file__).with_name("examples").glob("*.toml"))
    assert examples
    for path in examples:
        read_jobs(path)
        jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), known)
    wrong = tomllib.loads(JOB + "colums = []\n")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, known)
    assert json.dumps(known)
