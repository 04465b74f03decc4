import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.answers import Values
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.prompts.matching import check_used, find, match, near_miss


def answered(prompts, **answers):
    return {key: answer.items[0] for key, answer in match(prompts, Answers.of(answers)).items()}


def test_a_prompt_is_named_by_key_id_name_or_title(ask):
    year = ask("Year", title="Which year?")
    for name in (
        year.key,
        year.id,
        "Year",
        "Which year?",
        "year",
        year.key.lower(),
        "WHICH YEAR?",
        "Which  year? ",
    ):
        assert match([year, ask("Region")], Answers.of({name: 2024})) == {year.key: Values((2024,))}


def test_a_prompt_asked_twice_gets_the_same_answer_twice(ask):
    prompts = [ask("Year"), ask("Year", occurrence=1)]
    assert answered(prompts, Year=2024) == {prompts[0].key: 2024, prompts[1].key: 2024}


def test_the_closer_name_wins(ask):
    first, second = prompts = [ask("Year"), ask("Year", occurrence=1)]
    for answers in ({"Year": 2024, second.key: 2023}, {second.key: 2023, "Year": 2024}):
        assert answered(prompts, **answers) == {first.key: 2024, second.key: 2023}


def test_a_name_comes_before_a_title(ask):
    named, titled = prompts = [ask("Year"), ask("Other", title="Year")]
    assert answered(prompts, Year=2024) == {named.key: 2024}
    assert answered(prompts, Year=2024, Other=1) == {named.key: 2024, titled.key: 1}


def test_a_name_of_two_prompts_is_refused_with_their_keys(ask):
    prompts = [ask("Year"), ask("Year", id="F" * 32, occurrence=5)]
    with pytest.raises(UsageError, match="'Year' is more than one prompt") as caught:
        match(prompts, Answers.of({"Year": 2024}))
    assert all(repr(prompt.key) in caught.value.hint for prompt in prompts)


def test_a_prompt_answered_twice_is_refused(ask):
    with pytest.raises(UsageError, match="'Year' is answered twice, as 'Year' and as 'YEAR'"):
        match([ask("Year")], Answers.of({"Year": 2024, "YEAR": 2023}))


def test_an_answer_to_nothing_is_refused_with_near_names(ask):
    prompts = [ask("Year"), ask("Region")]
    check_used(prompts, Answers.of({"Year": 2024}))
    with pytest.raises(UsageError, match="no prompt 'Regoin'") as caught:
        check_used(prompts, Answers.of({"Regoin": "East"}))
    assert caught.value.hint == "Did you mean 'Region'?"
    with pytest.raises(UsageError, match="answers to 'Year', but nothing is asked"):
        check_used([], Answers.of({"Year": 2024}))


def test_a_prompt_is_found_by_name(ask):
    prompts = [ask("Year"), ask("Region")]
    assert find(prompts, "region") is prompts[1]
    with pytest.raises(UsageError, match="no prompt 'Regio'"):
        find(prompts, "Regio")


def test_an_answer_that_is_spelled_almost_like_a_prompt_is_told(ask):
    prompts = [ask("Least Revenue"), ask("Year")]
    said = near_miss(prompts, Answers.of({"Least Revenu": 5, "Year": 2024, "Depends On Others": 1}))
    assert said == "'Least Revenu' is not asked: did you mean 'Least Revenue'?"
    assert near_miss(prompts, Answers.of({"Depends On Others": 1})) is None
