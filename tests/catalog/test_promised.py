"""What a list promises and what it delivers: each difference is mended, or told."""

import warnings

import pytest
from aiohttp import web

from mstr_arrow.catalog import paging
from mstr_arrow.errors import DataLossWarning

PATHS = {"index": "/api/searches/results", "metadata": "/api/metadataSearches/results"}


@pytest.fixture(params=PATHS)
def read(request, library, retail, monkeypatch):
    """Read a list of which a function gives the total and the numbers of objects, by pass; two at a time."""
    monkeypatch.setattr(paging, "PAGE", 2)

    def read(answer, call="objects"):
        passes = [0]
        asked = []

        async def page(query):
            at, limit = int(query.query["offset"]), int(query.query["limit"])
            passes[0] += at == 0
            asked.append(at)
            total, numbers = answer(passes[0], at)
            found = [{"id": f"{n:032X}", "name": f"n{n}", "type": 3, "subtype": 776} for n in numbers]
            headers = {} if total is None else {"x-mstr-total-count": str(total)}
            return web.json_response(found[at : at + limit], headers=headers)

        library.on("POST", PATHS["metadata"], json={"id": "S1", "totalItems": answer(1, 0)[0]})
        library.on("GET", PATHS[request.param], page)
        found = getattr(retail, call)(complete=request.param == "metadata")
        return sorted(int(each.name[1:]) for each in found), asked

    return read


@pytest.mark.parametrize("call", ["objects", "search"])
def test_a_list_that_is_as_it_was_promised_is_read_once(read, call):
    found, asked = read(lambda *_: (5, range(5)), call)
    assert (found, sorted(asked)) == ([0, 1, 2, 3, 4], [0, 2, 4])


@pytest.mark.parametrize("counted", [1, 2, 4])
@pytest.mark.parametrize("call", ["objects", "search"])
def test_a_list_that_goes_on_behind_its_total_is_read_to_its_end(read, counted, call):
    found, _ = read(lambda *_: (counted, range(7)), call)
    assert found == list(range(7))


@pytest.mark.parametrize("call", ["objects", "search"])
def test_an_object_that_goes_while_the_list_is_read_hides_no_other(read, call):
    def answer(number, at):  # the first object goes after the first page: 2 moves to the place of 1
        return (6, range(6)) if number == 1 and at == 0 else (5, range(1, 6))

    found, _ = read(answer, call)
    assert found == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("call", ["objects", "search"])
def test_a_list_that_changes_each_time_is_told(read, call):
    with pytest.warns(DataLossWarning, match=r"the list of objects .* changed each time it was read") as caught:
        found, asked = read(lambda _, at: (6 + (at > 0), range(7 - (at == 0))), call)
    assert len(caught) == 1
    assert found == list(range(7))
    assert asked.count(0) == paging.PASSES


@pytest.mark.parametrize("call", ["objects", "search"])
def test_what_is_counted_and_never_comes_is_told_with_its_number(read, call):
    with pytest.warns(DataLossWarning, match=r"of 6 objects .* it listed all but 2, asked twice"):
        found, _ = read(lambda *_: (6, range(4)), call)
    assert found == [0, 1, 2, 3]


@pytest.mark.parametrize("call", ["objects", "search"])
def test_an_object_that_comes_twice_stands_for_no_other(read, call):
    with pytest.warns(DataLossWarning, match=r"of 5 objects .* it listed all but 1, asked twice"):
        found, _ = read(lambda *_: (5, [0, 1, 1, 2, 3]), call)
    assert found == [0, 1, 2, 3]


def test_a_list_without_a_total_is_read_until_nothing_new_comes(read):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(lambda *_: (None, range(5)))[0] == [0, 1, 2, 3, 4]
