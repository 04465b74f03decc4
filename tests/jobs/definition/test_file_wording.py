"""What errors of jobs say in place of settings and calls is there in a file of jobs."""

from __future__ import annotations

import re

import pytest

from mstr_arrow.errors import MstrError
from mstr_arrow.jobs.definition.file_model import Job, Run, Server
from mstr_arrow.jobs.definition.file_wording import WORDS, in_words_of_the_file
from mstr_arrow.wording import naming
from tests.namedtexts import advice_keys, names

KEYS = {*Job.model_fields, *Run.model_fields, *Server.model_fields}


def test_there_is_no_word_for_what_nobody_says():
    assert sorted(WORDS.keys() - names() - advice_keys()) == []


@pytest.mark.parametrize("words", sorted(set(WORDS.values())))
def test_what_is_said_is_a_key(words):
    said = (
        {words.split(" ")[0]}
        if re.match(r"[a-z_]+( = \S+)?( of |$)", words)
        else set(re.findall(r"([a-z_]+) = ", words))
    )
    assert said <= KEYS


def test_an_error_names_the_keys():
    error = MstrError("it took too long.", hint=naming("Raise {Timeouts.read}, or lower {Limits.page_rows}."))
    in_words_of_the_file(error)
    assert error.hint == "Raise read_timeout of its server, or lower page_rows."
