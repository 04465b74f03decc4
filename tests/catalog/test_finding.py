"""Finding one cube or report by every spelling, and what there is in a project's folders."""

import pytest
from aiohttp import web

from mstr_arrow.catalog import folders
from mstr_arrow.catalog.address import Address, read_url
from mstr_arrow.errors import NotFound, PermissionDenied, ProtocolError, UsageError
from tests.support.servers import connect_to

A, B, C = "A" * 32, "B" * 32, "C" * 32
LIBRARY = "https://bi.example.com/MicroStrategyLibrary"


@pytest.fixture
def there(lagging):
    with connect_to(lagging) as conn:
        yield conn


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{LIBRARY}/app/{A}/{B}", Address(B, A)),
        (f"{LIBRARY}/app/{A.lower()}/{B.lower()}/edit", Address(B, A)),
        (f"{LIBRARY}/app/{A}/{B}/K53--K46?filter={C}", Address(B, A)),
        (f"{LIBRARY}/app/{A}/{B}/{C}/share", Address(B, A)),
        (f"bi.example.com/MicroStrategyLibrary/app/{A}/{B}", Address(B, A)),
        (f"http://localhost:8080/Custom/#/app/{A}/{B}", Address(B, A)),
        (f"{LIBRARY}/app/{B}", Address(B)),
        (f"https://bi.example.com/MicroStrategy/servlet/mstrWeb?evt=4001&reportID={B}&project=Retail", Address(B)),
        (f"https://bi.example.com/MicroStrategy/servlet/mstrWeb?documentID={B}&currentViewID={C}", Address(B)),
        (f"https://bi.example.com/anything?x={A}&y={B}", Address(B)),
        (f"https://bi.example.com/redirect?to=https%3A%2F%2Fx%2Fapp%2F{A}%2F{B}", Address(B, A)),
        (f"https://bi.example.com/{'A' * 40}", None),
        (f"{LIBRARY}/app", None),
        ("Public Objects/Reports/Sales", None),
        (A, None),
    ],
)
def test_a_url_tells_object_and_project(url, found):
    assert read_url(url) == found


def test_a_url_of_another_project_says_which(library, retail):
    with pytest.raises(NotFound, match=r"of project 'Finance', not of 'Retail'\..*in_project\(\) for 'Finance'"):
        retail.find(f"{LIBRARY}/app/{B}/{C}")
    with pytest.raises(NotFound, match="may not use it"):
        retail.find(f"{LIBRARY}/app/{C}/{C}")
    assert library.count("GET", f"/api/objects/{C}") == 0


def test_a_url_without_an_object_is_refused_before_asking(library, retail):
    before = len(library.requests)
    with pytest.raises(UsageError, match="names no object"):
        retail.find(f"{LIBRARY}/app?token=secret")
    assert len(library.requests) == before


@pytest.mark.parametrize(
    ("wanted", "searches"),
    [
        ("Sales Cube", 1),
        ("sales cube", 1),
        ("/Public Objects/Reports/Sales Cube", 1),
        ("/Simulated Retail/Public Objects/Reports/Sales Cube", 1),
        ("Public Objects/Reports/Sales Cube", 2),
        ("Simulated Retail/Public Objects/Reports/Sales Cube/", 2),
        ("Reports/Sales Cube", 2),
    ],
)
def test_an_indexed_object_is_found_by_every_spelling(simulator, connection, wanted, searches):
    before = len(simulator.requests)
    assert connection.find(wanted).id == simulator.cubes["Sales Cube"]
    asked = [request.path for request in simulator.requests[before:] if not request.path.endswith("/sessions")]
    assert asked == ["/api/searches/results"] * searches


def test_an_object_is_found_by_the_url_of_its_page(simulator, connection):
    url = f"{simulator.url}/app/{simulator.project_id}/{simulator.reports['Plain Report']}/K53--K46"
    assert connection.report(url).name == "Plain Report"
    with pytest.raises(NotFound, match="no cube but a report"):
        connection.cube(url)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "wanted",
    [
        "Fresh",
        "fresh",
        "/Profiles/demo/My Reports/Fresh",
        "/Simulated Retail/Profiles/demo/My Reports/Fresh",
        "Simulated Retail/Profiles/demo/My Reports/Fresh",
        "My Reports/Fresh",
    ],
)
def test_what_the_index_does_not_have_yet_is_found(lagging, there, wanted):
    info = there.find(wanted)
    assert info.id == lagging.cubes["Fresh"]
    assert info.path == "/Simulated Retail/Profiles/demo/My Reports/Fresh"
    assert there.cube(wanted).to_arrow().num_rows == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("/Profils/demo/My Reports/Fresh", "no folder 'Profils' .* mean 'Profiles'"),
        ("/Profiles/demo/My Reports/Frsh", "no cube or report 'Frsh' .* mean 'Fresh'"),
        ("/Profiles/demo/My Reports", "no cube or report but a folder"),
        ("Frsh", "no cube or report 'Frsh' in project 'Simulated Retail'"),
    ],
)
def test_what_is_wrong_with_a_path_is_said(there, wanted, said):
    with pytest.raises(NotFound, match=said):
        there.find(wanted)


def test_a_path_from_the_root_displaces_one_that_ends_alike(library, retail):
    def cube(number, *path):
        ancestors = [{"name": name, "id": "F" * 32} for name in ("Retail", *path)]
        return {"id": f"{number:032X}", "name": "Daily", "type": 3, "subtype": 776, "ancestors": ancestors}

    found = [cube(1, "Old", "Sales"), cube(2, "Sales")]
    library.on("GET", "/api/searches/results", json={"totalItems": 2, "result": found})
    assert retail.find("/Sales/Daily").id == f"{2:032X}"
    assert retail.find("Old/Sales/Daily").id == f"{1:032X}"
    with pytest.raises(UsageError, match="2 cubes"):
        retail.find("Daily")


def test_a_user_who_may_not_search_the_metadata_is_told_the_near_names(library, retail):
    cube = {"id": A, "name": "Sales Cube", "type": 3, "subtype": 776}

    async def search(request):
        found = [] if "name" in request.query else [cube]
        return web.json_response({"totalItems": len(found), "result": found})

    library.on("GET", "/api/searches/results", search)
    library.on("POST", "/api/metadataSearches/results", status=403, json={"code": "ERR0017", "message": "no"})
    with pytest.raises(NotFound, match="mean 'Sales Cube'"):
        retail.find("Sales Cub")
    assert retail.search("Sales Cub") == []
    with pytest.raises(PermissionDenied):
        retail.search("Sales Cub", complete=True)


@pytest.mark.parametrize(
    "spelling", ["Shortcut To Sales", "/Public Objects/Shortcut To Sales", "Public Objects/Shortcut To Sales", "id"]
)
def test_a_shortcut_is_not_followed_and_says_so(connection, spelling):
    (shortcut,) = connection.search("Shortcut To Sales", type="shortcut")
    with pytest.raises(NotFound, match=r"no cube but a shortcut, 'Shortcut To Sales'\. .* where it leads"):
        connection.cube(shortcut.id if spelling == "id" else spelling)


def test_the_id_of_a_dashboard_says_so(library, retail):
    async def info(request):
        if request.query["type"] != "55":
            return web.json_response({"code": "ERR004", "message": "?"}, status=404)
        return web.json_response({"id": C, "name": "Board", "type": 55, "subtype": 14081})

    library.on("GET", f"/api/objects/{C}", info)
    with pytest.raises(NotFound, match=r"dashboard, 'Board'\. Give the cube or the report that it shows"):
        retail.find(f"{LIBRARY}/app/{A}/{C}")


# Folders


@pytest.mark.parametrize("folder", ["/Public Objects", "/Simulated Retail/Public Objects/", "Public Objects", "id"])
def test_a_folder_is_listed_by_path_and_id(connection, folder):
    (public,) = [info for info in connection.folders() if info.name == "Public Objects"]
    found = connection.contents(public.id if folder == "id" else folder)
    *folders_first, last = found
    assert (last.type_name, {info.type_name for info in folders_first}) == ("shortcut", {"folder"})
    assert [info.path for info in folders_first[:2]] == [
        "/Simulated Retail/Public Objects/Archive",
        "/Simulated Retail/Public Objects/Paged Reports",
    ]
    assert connection.folders(public.id) == folders_first


@pytest.mark.parametrize("root", [None, "/"])
def test_the_root_is_listed_by_default(connection, root):
    assert "/Simulated Retail/Public Objects" in [info.path for info in connection.contents(root)]


def test_a_wrong_folder_is_explained(connection):
    with pytest.raises(NotFound, match=r"no folder 'Report' on the way .* mean 'Reports'"):
        connection.contents("/Public Objects/Report/Daily")
    with pytest.raises(NotFound, match="-2147216373"):
        connection.contents(A)


@pytest.mark.parametrize("how", ["total", "no total", "no offset"])
def test_a_folder_is_listed_to_its_end_whatever_the_page(library, retail, monkeypatch, how):
    monkeypatch.setattr(folders, "PAGE", 3)
    there = [{"id": f"{n:032X}", "name": f"n{n}", "type": 3, "subtype": 776} for n in range(7)]
    asked = []

    async def listing(request):
        at = int(request.query["offset"])
        asked.append(at)
        assert len(asked) < 9
        part = there if how == "no offset" else there[at : at + 2]  # shorter than was asked for
        headers = {"x-mstr-total-count": "7"} if how == "total" else {}
        return web.json_response(part, headers=headers)

    library.on("GET", "/api/folders", listing)
    assert [info.name for info in retail.contents()] == [item["name"] for item in there]
    assert asked == {"total": [0, 2, 4, 6], "no total": [0, 2, 4, 6, 7], "no offset": [0, 7]}[how]


def test_an_answer_that_lists_no_folder_is_a_protocol_error(library, retail):
    library.on("GET", "/api/folders", json={})
    with pytest.raises(ProtocolError):
        retail.contents()
