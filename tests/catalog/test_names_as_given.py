"""Objects whose names look like something else, or end in what nobody sees: found as they are given."""

import pytest
from aiohttp import web

import mstr_arrow as ma
from mstr_arrow.errors import NotFound, UsageError

ODD = [
    "Sales ",
    " Sales",
    "Sales  2024",
    "Sales\N{NO-BREAK SPACE}2024",
    "Sales\t2024",
    "Kosten://2024",
    "http://shop.example.com/sales",
    "s3://bucket/sales.parquet",
    "North/South",
    "/Sales",
    "Sales/",
    "a//b",
    "a/b/c",
    "back\\slash",
    "What?",
    "100 *",
    "*",
    "[Sales]",
    'the "big" one',
    "it's",
    "DEADBEEFDEADBEEFDEADBEEFDEADBEEF",
    "deadbeef" * 4,
    "2024",
    "1e3",
    "null",
    "-",
    "--type",
    "Żółć 📈",
    "Re\N{COMBINING ACUTE ACCENT}gion",
    "Sales\N{ZERO WIDTH SPACE}",
]
NEAR = {
    "Sales ": "Sales",
    " Sales": "sales",
    "Sales  2024": "Sales 2024",
    "Sales\N{NO-BREAK SPACE}2024": "Sales 2024",
    "Re\N{COMBINING ACUTE ACCENT}gion": "R\N{LATIN SMALL LETTER E WITH ACUTE}gion",
    "Sales\N{ZERO WIDTH SPACE}": "Sales",
}
"""What somebody would type for it, who only sees it."""


class Search:
    """A search that, as a real one may, trims what it is asked for and reads signs like ``*`` in its own way."""

    def __init__(self, items, *, trims, indexed):
        self.trims, self.indexed, self.stored = trims, indexed, []
        self.there = [
            {"id": f"{n:032X}", "name": name, "type": 3, "subtype": subtype, "ancestors": [{"name": "Retail"}]}
            for n, (name, subtype) in enumerate(items, 1)
        ]

    def fitting(self, query):
        types = {int(each) for each in query.getall("type", [])}
        found = [item for item in self.there if not types or item["subtype"] in types]
        if "name" not in query:
            return found
        name = (query["name"].strip() if self.trims else query["name"]).casefold()
        if query["pattern"] == "4":
            return [item for item in found if name in item["name"].casefold()]
        return [] if set(name) & set('*?\\"') else [item for item in found if item["name"].casefold() == name]

    async def index(self, request):
        hits = self.fitting(request.query) if self.indexed else []
        return web.json_response({"totalItems": len(hits), "result": hits})

    async def store(self, request):
        self.stored = self.fitting(request.query)
        return web.json_response({"id": "S", "totalItems": len(self.stored)})

    async def results(self, _):
        return web.json_response(self.stored)


@pytest.fixture
def offer(library):
    """Offer objects, of names and subtypes, to look for."""

    def offer(*items, trims=True, indexed=True):
        search = Search(items, trims=trims, indexed=indexed)
        library.on("GET", "/api/searches/results", search.index)
        library.on("POST", "/api/metadataSearches/results", search.store)
        library.on("GET", "/api/metadataSearches/results", search.results)
        library.on("GET", "/api/folders", json=search.there)
        for item in search.there:
            kind = {776: "cubes", 779: "cubes", 768: "reports", 774: "reports"}.get(item["subtype"])
            shown = {"availableObjects": {"attributes": [], "metrics": []}, "grid": {"rows": [], "columns": []}}
            definition = {"id": item["id"], "name": item["name"], "definition": shown}
            library.on("GET", f"/api/objects/{item['id']}", json=item)
            library.on("GET", f"/api/v2/{kind}/{item['id']}", json=definition)

    return offer


@pytest.mark.one_in(6)
@pytest.mark.parametrize("trims", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("indexed", [True, False], ids=["index", "metadata"])
@pytest.mark.parametrize("name", ODD)
def test_it_is_found_as_given(offer, retail, name, trims, indexed):
    offer(
        (name, 776),
        ("Sales Cube", 776),
        ("Sales" if name != "/Sales" else "Other", 776),
        trims=trims,
        indexed=indexed,
    )
    assert retail.find(name).name == name
    assert retail.cube(name).name == name


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", ODD)
def test_a_report_is_found_as_given(offer, retail, name):
    offer((name, 768), ("Sales Report", 768))
    assert retail.report(name).name == name


@pytest.mark.parametrize("name", [name for name in ODD if "/" not in name])
def test_it_is_found_at_its_path(offer, retail, name):
    offer((name, 776), ("Sales", 776))
    assert retail.find(f"/Retail/{name}").name == name


@pytest.mark.parametrize(("name", "typed"), NEAR.items())
def test_it_is_found_by_what_is_seen_of_it(offer, retail, name, typed):
    offer((name, 776), ("Other", 776))
    assert retail.find(typed).name == name


def test_blanks_tell_names_apart_where_there_are_several(offer, retail):
    offer(("Sales", 776), ("Sales ", 776), ("sales", 776))
    assert [retail.find(name).name for name in ("Sales", "Sales ", "sales")] == ["Sales", "Sales ", "sales"]
    with pytest.raises(UsageError, match="2 cubes are named 'SALES'"):
        retail.find("SALES")


@pytest.mark.parametrize("typed", ["Sale  2024", "sales 2025"])
def test_what_a_hint_says_is_found(offer, retail, typed):
    offer(("Sales\N{NO-BREAK SPACE}2024 ", 776), ("Other", 776))
    with pytest.raises(NotFound, match=r"Did you mean 'Sales 2024 '\?") as caught:
        retail.find(typed)
    meant = caught.value.hint.split("'")[1]
    assert retail.find(meant).name == "Sales\N{NO-BREAK SPACE}2024 "


def test_blanks_around_a_name_that_was_pasted_are_left_out(offer, retail):
    offer(("Sales", 776))
    assert retail.find("  Sales\n").name == "Sales"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (2024, "2024, which is no text. Give '2024'"),
        (None, "None, which is no text"),
        (b"Sales", "which is no text"),
        ("A\ud83d", "holds half a character"),
        (" ", "can have the name"),
        ("/", "can have the name"),
        ("", "can have the name"),
    ],
)
@pytest.mark.parametrize("how", ["find", "cube", "report"])
def test_what_can_be_no_name_is_refused_before_asking(library, retail, given, said, how):
    before = len(library.requests)
    with pytest.raises(UsageError) as caught:
        getattr(retail, how)(given)
    assert said in str(caught.value)
    assert len(library.requests) == before


def test_what_a_list_says_of_an_object_leads_to_its_id(offer, retail):
    offer(("Sales", 776))
    (info,) = retail.objects()
    with pytest.raises(UsageError, match=f"Give its id: '{info.id}'"):
        retail.cube(info)


# What has the name is something else


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    ("how", "subtype", "what", "hint"),
    [
        ("cube", 768, "no cube but a report", "report('Daily Report')"),
        ("cube", 774, "no cube but a report", "report('Daily Report')"),
        ("report", 776, "no report but a cube", "cube('Daily Report')"),
        ("report", 779, "no report but a cube", "cube('Daily Report')"),
        ("cube", 777, "an incremental refresh report", "Only cubes, reports and data models"),
        ("report", 781, "a hyper card", "Only cubes, reports and data models"),
    ],
)
@pytest.mark.parametrize("spelled", ["Daily Report", "daily report", "Daily  Report ", "id"])
def test_an_object_of_another_kind_says_what_it_is_and_how_it_is_read(
    offer, retail, how, subtype, what, hint, spelled
):
    offer(("Daily Report", subtype), ("Daily Reports", 776), ("Daily Reporting", 768))
    given = f"{1:032X}" if spelled == "id" else spelled
    with pytest.raises(NotFound) as caught:
        getattr(retail, how)(given)
    assert what in str(caught.value)
    assert hint.replace("Daily Report", given) in str(caught.value)


# Folders and projects


@pytest.mark.parametrize("name", ["My Reports ", "A/B", " A", "A  B", "A\N{NO-BREAK SPACE}B", "f" * 32])
def test_a_folder_is_found_as_given(library, retail, name):
    folder = {"id": "F" * 32, "name": name, "type": 8, "subtype": 2048}
    library.on("GET", "/api/folders", json=[folder])
    library.on("GET", f"/api/folders/{'F' * 32}", json=[])
    library.on("GET", f"/api/objects/{'F' * 32}", json=folder)
    assert retail.contents(f"/{name}") == []
    assert retail.contents(f"/Retail/{name}/") == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Retail", "Retail"),
        ("RETAIL", "Retail"),
        (" retail", "Retail"),
        ("finance", "FINANCE"),
        ("Human Resources", "Human\N{NO-BREAK SPACE}Resources "),
        ("f" * 32, "F" * 32),
        ("A" * 32, "Retail"),
        ("2024", "2024"),
    ],
)
def test_a_project_is_found_in_any_case(library, quick, wanted, found):
    names = ["Retail", "FINANCE", "Human\N{NO-BREAK SPACE}Resources ", "F" * 32, "2024"]
    ids = [letter * 32 for letter in "ABCDE"]
    library.projects = [{"id": each, "name": name} for each, name in zip(ids, names, strict=True)]
    with ma.connect(library.url, username="ann", password="secret", project=wanted, settings=quick) as conn:
        assert conn.project_name == conn.project(wanted).name == conn.in_project(wanted).project_name == found


def test_projects_that_differ_in_case_only_are_told_apart(library, quick):
    library.projects = [{"id": "A" * 32, "name": "Retail"}, {"id": "B" * 32, "name": "RETAIL"}]
    with ma.connect(library.url, username="ann", password="secret", project="RETAIL", settings=quick) as conn:
        assert conn.project_id == "B" * 32
        with pytest.raises(UsageError, match=r"2 projects are named 'retail'.*Give the id"):
            conn.in_project("retail")
