from datetime import date
from decimal import Decimal

import pytest

from mstr_arrow.datamodels.parameters import ModelParameter, check_given, read_parameters, values_to_send
from mstr_arrow.errors import NotFound, ProtocolError, UsageError

CITY = ModelParameter("A" * 32, "City")
CURRENCY = ModelParameter("B" * 32, "Currency", allowed="fixed_list", values=("EUR", "USD", "GBP"))
GROWTH = ModelParameter("C" * 32, "Growth", allowed="range", minimum="10", maximum="100", interval="5")
SINCE = ModelParameter("D" * 32, "Since", allowed="range", minimum="2026-01-01", maximum="2026-12-31")
KNOWN = [CITY, CURRENCY, GROWTH, SINCE]


@pytest.mark.parametrize(
    ("restriction", "read"),
    [
        ({"allowedValueType": "user_input"}, ModelParameter("A" * 32, "P")),
        (None, ModelParameter("A" * 32, "P")),
        (
            {"allowedValueType": "fixed_list", "values": ["x", 1, 2.0, {"value": "y", "name": "Why"}]},
            ModelParameter("A" * 32, "P", allowed="fixed_list", values=("x", "1", "2", "y")),
        ),
        (
            {"allowedValueType": "fixed_list", "fixedList": ["x"]},
            ModelParameter("A" * 32, "P", allowed="fixed_list", values=("x",)),
        ),
        (
            {"allowedValueType": "RANGE", "range": {"min": 0, "max": "9", "interval": 0.5}},
            ModelParameter("A" * 32, "P", allowed="range", minimum="0", maximum="9", interval="0.5"),
        ),
        (
            {"allowedValueType": "range", "min": {"value": 0}, "max": None},
            ModelParameter("A" * 32, "P", allowed="range", minimum="0"),
        ),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_definitions_are_read_as_they_come(restriction, read, flat):
    about = {"id": "a" * 32, "name": "P"} if flat else {"information": {"objectId": "a" * 32, "name": "P"}}
    item = about | {"restriction": restriction}
    assert read_parameters([item] if flat else {"parameters": [item]}) == [read]


@pytest.mark.parametrize(
    "body", [{}, None, "x", [1], [{"name": "P"}], [{"id": "A", "name": "P", "restriction": 3}]]
)
def test_what_is_no_list_of_parameters_is_told(body):
    with pytest.raises(ProtocolError, match="no list of parameters"):
        read_parameters(body)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"City": "Rome", "Growth": 15}, [(CITY, "Rome"), (GROWTH, "15")]),
        ({"currency": "eur"}, [(CURRENCY, "EUR")]),
        ({"b" * 32: "USD"}, [(CURRENCY, "USD")]),
        ({"City": None, "Growth": Decimal("20.0")}, [(GROWTH, "20.0")]),
        ({"City": True}, [(CITY, "true")]),
        ({"Since": date(2026, 2, 3)}, [(SINCE, "2026-02-03")]),
        ({}, []),
    ],
)
def test_values_are_sent_as_the_server_takes_them(given, sent):
    assert values_to_send(KNOWN, given, "Retail") == tuple({"id": each.id, "value": text} for each, text in sent)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"Currency": "EURO"}, UsageError, "takes one of 'EUR', 'USD', 'GBP', not 'EURO'. Did you mean 'EUR'"),
        ({"Growth": 105}, UsageError, "from 10 to 100 in steps of 5, not '105': that is outside"),
        ({"Growth": 9}, UsageError, "that is outside"),
        ({"Growth": 17}, UsageError, "the steps near it are 15 and 20"),
        ({"Growth": "much"}, UsageError, "that is no number"),
        ({"Growth": float("nan")}, UsageError, "that is no number"),
        ({"City": ["Rome", "Oslo"]}, UsageError, "which is no single value"),
        ({"Citty": "Rome"}, NotFound, "no parameter 'Citty' in the data model 'Retail'. Did you mean 'City'"),
        ({"City": "Rome", "city": "Oslo"}, UsageError, "'City' is given twice"),
    ],
)
def test_what_is_not_allowed_is_told(given, error, words):
    with pytest.raises(error, match=words):
        values_to_send(KNOWN, given, "Retail")


def test_a_model_without_parameters_takes_none():
    with pytest.raises(NotFound, match="It is read without any"):
        values_to_send([], {"City": "Rome"}, "Retail")


@pytest.mark.parametrize("given", ["City=Rome", [("City", "Rome")], {1: "Rome"}])
def test_values_come_by_name(given):
    with pytest.raises(UsageError, match="not as values by name"):
        check_given(given)
