import pytest
from aiohttp import web

from mstr_arrow.catalog import paging
from mstr_arrow.catalog.find import find
from mstr_arrow.errors import NotFound, ProtocolError, UsageError


def cube(number, name, *folders, subtype=779):
    ancestors = [{"name": folder, "id": "F" * 32, "level": 1} for folder in ("Retail", *folders)]
    return {"id": f"{number:032X}", "name": name, "type": 3, "subtype": subtype, "ancestors": ancestors}


OBJECTS = [
    cube(1, "Sales Cube", "Shared"),
    cube(2, "Twice", "Shared"),
    cube(3, "Twice", "Shared", "Old"),
    cube(4, "twice", "Lower"),
    cube(5, "In/Out", "Shared"),
    cube(6, "Überblick 😀", "Shared"),
    cube(7, "A Report", subtype=768),
]


@pytest.fixture
def look(library, retail):
    """Find a cube in a Library that holds OBJECTS."""

    async def search(request):
        subtypes = {int(each) for each in request.query.getall("type")}
        name, found = request.query.get("name"), [item for item in OBJECTS if item["subtype"] in subtypes]
        if name is not None:
            assert request.query["pattern"] in {"2", "4"}
            assert request.query["getAncestors"] == "true"
            whole = request.query["pattern"] == "2"
            names = [item["name"].casefold() for item in found]
            found = [
                item
                for item, each in zip(found, names, strict=True)
                if (each == name.casefold() if whole else name.casefold() in each)
            ]
        return web.json_response({"totalItems": len(found), "result": found})

    library.on("GET", "/api/searches/results", search)
    for item in OBJECTS:
        library.on("GET", f"/api/objects/{item['id']}", json=item)
    return lambda wanted: retail._client.run(find(retail._client.http, wanted, "cube"))


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("Sales Cube", 1),
        ("  Sales Cube ", 1),
        ("SALES CUBE", 1),
        ("twice", 4),
        ("Shared/Twice", 2),
        ("/Shared/Twice", 2),
        ("/Retail/Shared/Twice", 2),
        ("/Retail/Shared/Old/Twice/", 3),
        ("Old/Twice", 3),
        ("In/Out", 5),
        ("Überblick 😀", 6),
        (f"{1:032X}", 1),
        (f"{10:032x}".replace("a", "1"), 1),
        (f"https://bi.example.com/MicroStrategyLibrary/app/{'A' * 32}/{3:032X}/edit", 3),
    ],
)
def test_an_object_is_found(look, wanted, number):
    assert look(wanted).id == f"{number:032X}"


def test_what_is_found_tells_its_path(look):
    assert look("Old/Twice")[:5] == (f"{3:032X}", "Twice", 3, 779, "/Retail/Shared/Old/Twice")


def test_a_doubled_name_lists_id_and_path_of_each(look):
    with pytest.raises(UsageError, match="2 cubes") as caught:
        look("Twice")
    for number, path in ((2, "/Retail/Shared/Twice"), (3, "/Retail/Shared/Old/Twice")):
        assert f"{number:032X} {path}" in str(caught.value)
    assert f"{4:032X}" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("Sale Cubes", "Did you mean 'Sales Cube'"),
        ("sales", "Did you mean 'Sales Cube'"),
        ("/Elsewhere/Twice", "Did you mean 'Twice'"),
        ("zzzzzz", "There are: 'In/Out', 'Sales Cube'"),
    ],
)
def test_a_wrong_name_lists_what_is_near(look, wanted, said):
    with pytest.raises(NotFound, match=said):
        look(wanted)


def test_an_id_of_another_kind_says_what_it_is(look):
    with pytest.raises(NotFound, match="no cube but a report, 'A Report'"):
        look(f"{7:032X}")


def test_an_unknown_id_keeps_the_servers_codes(library, look):
    refusal = {"code": "ERR004", "iServerCode": -2147216373, "message": "?", "ticketId": "T"}
    library.on("GET", f"/api/objects/{'E' * 32}", status=404, json=refusal)
    with pytest.raises(NotFound, match="project 'Retail'") as caught:
        look("E" * 32)
    assert (caught.value.code, caught.value.iserver_code) == ("ERR004", -2147216373)


@pytest.mark.parametrize("wanted", ["", "  ", "/", "//"])
def test_no_name_is_refused_before_asking(library, look, wanted):
    before = len(library.requests)
    with pytest.raises(UsageError):
        look(wanted)
    assert len(library.requests) == before


def test_an_empty_project_says_so(library, look):
    library.on("GET", "/api/searches/results", json={"totalItems": 0, "result": []})
    with pytest.raises(NotFound, match="shows you no cubes"):
        look("Sales Cube")


def test_the_simulator_is_searched_the_same_way(simulator, connection):
    found = connection._client.run(find(connection._client.http, "sales cube", "cube"))
    assert found.id == simulator.cubes["Sales Cube"]
    assert found.path.endswith("/Sales Cube")


def test_a_cube_and_a_report_of_one_name_are_told_apart(library, retail):
    same = [cube(1, "Sales", "Shared"), cube(2, "Sales", "Reports", subtype=768)]
    library.on("GET", "/api/searches/results", json={"totalItems": 2, "result": same})
    with pytest.raises(UsageError, match="2 cubes and reports are named 'Sales'") as caught:
        retail.find("Sales")
    assert f"{2:032X} /Retail/Reports/Sales (report)" in str(caught.value)
    assert "kind=" in caught.value.hint


def test_an_unknown_kind_is_refused_before_asking(library, retail):
    before = len(library.requests)
    with pytest.raises(UsageError, match="'cubes' is not known"):
        retail.objects(kind="cubes")
    assert len(library.requests) == before


@pytest.fixture
def listed(library, retail, monkeypatch):
    """List the objects of a Library that gives two at a time; each must be sent once, ``total`` said or not."""
    monkeypatch.setattr(paging, "PAGE", 2)
    asked = []

    def serve(total):
        async def search(request):
            asked.append(request.query)
            at = int(request.query["offset"])
            part = OBJECTS[at : at + int(request.query["limit"])]
            return web.json_response({"result": part} | ({"totalItems": len(OBJECTS)} if total else {}))

        library.on("GET", "/api/searches/results", search)
        return retail.objects, asked

    return serve


@pytest.mark.parametrize("total", [True, False])
def test_a_listing_is_read_to_its_end(listed, total):
    objects, asked = listed(total)
    names = [info.name for info in objects()]
    assert sorted(names) == sorted(item["name"] for item in OBJECTS)
    assert [name.casefold() for name in names] == sorted(name.casefold() for name in names)
    assert [int(query["offset"]) for query in asked] == ([0, 2, 4, 6] if total else [0, 2, 4, 6, 7])
    assert asked[0].getall("type") == ["55", "768", "769", "774", "776", "779"]
    assert "name" not in asked[0]


@pytest.mark.parametrize(
    ("pattern", "piece", "names"),
    [
        ("twice", "twice", ["Twice", "Twice", "twice"]),
        ("*CUBE", "CUBE", ["Sales Cube"]),
        ("?n/*", "n/", ["In/Out"]),
        ("*ic*", "ic", ["Twice", "Twice", "twice", "Überblick 😀"]),
        ("* cube", "cube", ["Sales Cube"]),
        ("*", None, ["A Report", "In/Out", "Sales Cube", "Twice", "Twice", "twice", "Überblick 😀"]),
        ("Sales", "Sales", []),
        ("[ST]*", "[ST]", []),
    ],
)
def test_a_pattern_is_sent_as_far_as_the_server_knows_it(listed, pattern, piece, names):
    objects, asked = listed(total=True)
    assert sorted(info.name for info in objects(pattern)) == sorted(names)
    assert {(query.get("name"), query.get("pattern")) for query in asked} == {(piece, piece and "4")}


@pytest.mark.parametrize("body", [3, {"result": [{"name": "No id"}]}, {"result": ["text"]}])
def test_an_answer_that_lists_no_objects_is_a_protocol_error(library, retail, body):
    library.on("GET", "/api/searches/results", json=body)
    with pytest.raises(ProtocolError):
        retail.objects()


def test_the_simulators_objects_tell_kind_owner_and_time(connection):
    found = connection.objects()
    assert {info.kind for info in found} == {"cube", "report", "data model", None}
    assert [info.name for info in connection.objects("sales c*", kind="cube")] == ["Sales Cube"]
    assert connection.objects("sales c*", kind="report") == []
    report = connection.report("Plain Report").info
    assert report in found
    assert (report.owner, report.modified.isoformat()) == ("Administrator", "2026-01-15T08:30:00+00:00")
