from __future__ import annotations

import pytest

from mstr_arrow.simulator import Simulator

ROWS = [["2024-01-31", "Lyon", 3, 1.5], ["2024-02-01", None, None, 2], ["2024-01-31", "Oulu", 1, None]]
COLUMNS = [list(column) for column in zip(*ROWS, strict=True)]
MISSING = "F" * 32


@pytest.fixture
def sales(pusher, table):
    """A client that defined a table of sales by day and store."""
    pusher.define(table("sales", day="DATE", store="STRING", units="INTEGER", revenue="DOUBLE"))
    return pusher


@pytest.fixture
def start(pushing, table):
    """Starts simulators with settings; gives a client that defined a table of sales in each."""
    running = []

    def started(**settings):
        simulator = Simulator(rows=10, **settings)
        running.append(simulator.__enter__())
        client = pushing(simulator)
        client.login()
        client.define(table("sales", store="STRING", units="INTEGER"))
        return client

    yield started
    for simulator in running:
        simulator.__exit__(None, None, None)


def pushed(client, column):
    return client.sim.dataset("Pushed")["sales"].column(column).to_pylist()


@pytest.mark.parametrize(("orientation", "values"), [("ROW", ROWS), ("COLUMN", COLUMNS), ("column", COLUMNS)])
def test_pushed_rows_are_read_as_a_cube(sales, orientation, values):
    sales.push(values, orientation=orientation)
    assert sales.read() == [dict(zip(("day", "store", "units", "revenue"), row, strict=True)) for row in ROWS]


def test_add_appends_and_replace_begins_anew(sales):
    sales.push(ROWS)
    sales.push([["2024-01-31", "Lyon", 4, 0.25]], policy="ADD")
    assert sales.read("store", "units") == [
        {"store": "Lyon", "units": 7},
        {"store": None, "units": None},
        {"store": "Oulu", "units": 1},
    ]
    assert pushed(sales, "units") == [3, None, 1, 4]
    sales.push(ROWS[:1])
    assert pushed(sales, "units") == [3]
    assert len(sales.read()) == 1


def test_update_and_upsert_go_by_attribute_values(sales):
    sales.push(ROWS)
    new = [["2024-02-01", None, 7, None], ["2024-02-02", "Oulu", 8, 8.5], ["2024-02-02", "Oulu", 9, 9.5]]
    sales.push(new, policy="Update")
    assert pushed(sales, "units") == [3, 7, 1]
    sales.push(new, policy="upsert")
    assert (pushed(sales, "units"), pushed(sales, "revenue")) == ([3, 7, 1, 9], [1.5, None, None, 9.5])


def test_update_needs_attributes(pusher, table):
    pusher.define(table("sales", units="INTEGER"))
    for policy in ("update", "upsert"):
        assert pusher.open(policy=policy).error == (400, "ERR006", None)
    pusher.push([[1], [2]])
    assert pusher.read() == [{"units": 3}]


def test_chunks_are_put_together_by_their_index(sales):
    session = sales.session()
    for index in (2, "1", 3):
        assert sales.put(session, ROWS[int(index) - 1 : int(index)], index=index).status == 200
    assert sales.publish(session) == (1, "result ready")
    assert pushed(sales, "units") == [3, None, 1]
    assert [chunk[1:4] for chunk in sales.sim.chunks_received] == [
        ("sales", 2, 1),
        ("sales", 1, 1),
        ("sales", 3, 1),
    ]


def test_same_index_again_takes_the_place_of_the_first(sales):
    session = sales.session()
    for rows in (ROWS, ROWS[:1], ROWS[:2]):
        sales.put(session, rows)
    sales.publish(session)
    assert pushed(sales, "units") == [3, None]
    assert [chunk[3] for chunk in sales.sim.chunks_received] == [3, 1, 2]


def test_header_order(sales):
    sales.push([[5, 0.5, "Lyon", "2024-1-1"]], columnHeaders=["units", "revenue", "store", "day"])
    assert sales.read() == [{"day": "2024-01-01", "store": "Lyon", "units": 5, "revenue": 0.5}]


@pytest.mark.parametrize(
    ("name", "members", "part"),
    [
        ("sale", {}, "no table 'sale'"),
        ("sales", {"updatePolicy": "insert"}, "policy 'insert'"),
        ("sales", {"updatePolicy": None}, "policy 'None'"),
        ("sales", {"orientation": "DIAGONAL"}, "orientation 'DIAGONAL'"),
        ("sales", {"columnHeaders": ["day", "store", "units", "cost"]}, "no column 'cost'"),
        ("sales", {"columnHeaders": ["day", "store", "units"]}, "column headers"),
        ("sales", {"columnHeaders": ["day", "store", "units", "units", "revenue"]}, "column headers"),
        ("sales", {"columnHeaders": "day"}, "column headers"),
    ],
)
def test_session_that_does_not_fit_the_dataset(sales, name, members, part):
    reply = sales.open(name, **members)
    assert (reply.error, part in reply.json["message"]) == ((400, "ERR006", None), True)
    assert sales.sim.uploads_open == 0


def test_session_without_tables_or_with_one_twice(sales):
    sales_table = {"name": "sales", "updatePolicy": "add"}
    for tables in (None, [], [sales_table, sales_table]):
        reply = sales.send("POST", f"{sales.dataset}/uploadSessions", {"tables": tables})
        assert reply.error == (400, "ERR006", None)


def test_server_without_column_orientation(start):
    client = start(column_orientation=False)
    assert client.open(orientation="COLUMN").error == (400, "ERR006", None)
    assert client.open(orientation="ROW").status == 200


def test_wrong_chunk_is_refused_and_the_session_goes_on(sales):
    session = sales.session()
    reply = sales.put(session, [["2024-01-31", "Lyon", 3, 1.5], ["31.1.2024", "Lyon", 3, 1.5]])
    assert reply.error == (400, "ERR006", None)
    assert reply.json["message"] == (
        "Table 'sales', column 'day', row 2 of the chunk: \"31.1.2024\" is not a value of type DATE."
    )
    assert sales.put(session, [["2024-01-31"]]).error == (400, "ERR006", None)
    assert sales.put(session, ROWS, name="stores").error == (400, "ERR006", None)
    assert [sales.put(session, ROWS, index=wrong).status for wrong in (0, -1, None, 1.0, True, "x")] == [400] * 6
    assert sales.sim.chunks_received == []
    assert sales.put(session, ROWS).status == 200
    assert sales.publish(session) == (1, "result ready")


@pytest.mark.parametrize(
    ("adding", "units"), [("append", [3, 1, 4, 5]), ("ignore", [3, 1, 5]), ("change", [4, 1, 5])]
)
def test_add_does_to_rows_that_are_there_what_the_server_does(start, adding, units):
    client = start(adding=adding)
    client.push([["Lyon", 3], ["Oulu", 1]])
    client.push([["Lyon", 4], ["Nice", 5]], policy="add")
    assert pushed(client, "units") == units


def test_one_session_at_a_time_for_a_dataset(sales, pushing):
    session = sales.session()
    other = pushing(sales.sim)
    other.login()
    other.dataset = sales.dataset
    assert [client.open().error for client in (sales, other)] == [(409, "ERR006", None)] * 2
    assert other.put(session, ROWS).error == (404, "ERR004", None)
    assert other.send("POST", f"{session}/publish").error == (404, "ERR004", None)
    assert other.send("DELETE", session).error == (404, "ERR004", None)
    sales.put(session, ROWS)
    sales.publish(session)
    assert (sales.sim.uploads_open, other.open().status, sales.sim.uploads_open) == (0, 200, 1)


def test_one_session_at_a_time_for_a_dataset_and_log_in(start, pushing):
    client = start(uploads_per="session")
    client.session()
    assert client.open().status == 409
    other = pushing(client.sim)
    other.login()
    other.dataset = client.dataset
    assert other.open().status == 200


def test_session_ends_with_the_log_in(sales):
    session = sales.session()
    sales.put(session, ROWS)
    assert sales.sim.uploads_open == 1
    sales.send("POST", "/api/auth/logout")
    assert sales.sim.uploads_open == 0
    sales.login()
    assert sales.put(session, ROWS).error == (404, "ERR004", None)
    session = sales.session()
    sales.sim.expire_sessions()
    assert (sales.sim.uploads_open, sales.put(session, ROWS).error) == (0, (401, "ERR009", None))


def test_nothing_changes_before_the_publication_is_finished(sales):
    unpublished = sales.send("POST", sales.instances(sales.dataset.removeprefix("/api/datasets/")))
    assert unpublished.error == (500, "ERR001", -2147072488)
    sales.push(ROWS[:1])
    session = sales.session()
    sales.put(session, ROWS)
    before = sales.read()
    assert sales.send("POST", f"{session}/publish").status == 200
    cube = sales.dataset.removeprefix("/api/datasets/")
    for _ in range(2):
        state = sales.send("GET", f"{session}/publishStatus").json
        assert (state["status"], state["message"], sales.read()) == (6, "sql execution", before)
        assert sales.send("HEAD", f"/api/cubes/{cube}").headers["X-MSTR-CubeStatus"] == "17519"
    assert sales.send("GET", f"{session}/publishStatus").json["status"] == 1
    assert sales.send("HEAD", f"/api/cubes/{cube}").headers["X-MSTR-CubeStatus"] == "17518"
    assert len(sales.read()) == 3


def test_instance_keeps_the_rows_it_was_made_of(sales):
    sales.push(ROWS)
    cube = sales.dataset.removeprefix("/api/datasets/")
    old = sales.create(cube, limit=1)
    sales.push(ROWS[:1])
    assert sales.page(cube, old["instanceId"])["data"]["paging"]["total"] == 3
    assert sales.create(cube)["data"]["paging"]["total"] == 1


def test_pages_kept_by_the_server_are_those_of_the_rows_now(start):
    client = start(encode_once=True)
    for units in (1, 2):
        client.push([["Lyon", units]])
        assert client.read() == [{"store": "Lyon", "units": units}]


@pytest.mark.parametrize(("text", "status"), [(False, 1), (True, "1")])
def test_status_after_as_many_polls_as_the_server_is_set_to(start, text, status):
    client = start(publish_status_text=text, publish_polls=0)
    session = client.session()
    client.put(session, [["Lyon", 1]])
    client.send("POST", f"{session}/publish")
    assert client.send("GET", f"{session}/publishStatus").json == {
        "uploadSessionId": session.rpartition("/")[2],
        "status": status,
        "message": "result ready",
    }


def test_session_is_published_once(sales):
    session = sales.session()
    sales.put(session, ROWS)
    assert sales.send("GET", f"{session}/publishStatus").json["status"] == 0
    assert [sales.send("POST", f"{session}/publish").status for _ in range(2)] == [200, 400]
    assert sales.put(session, ROWS, index=2).error == (400, "ERR006", None)


def test_gap_between_chunks_ends_the_publication(sales):
    sales.push(ROWS)
    session = sales.session()
    for index in (1, 2, 4):
        sales.put(session, ROWS[:1], index=index)
    assert sales.publish(session) == (3, "(Chunk 3 of 4 of the table 'sales' was never received.)")
    assert (len(pushed(sales, "units")), sales.sim.uploads_open) == (3, 1)
    assert sales.send("DELETE", session).status == 200
    assert sales.sim.uploads_open == 0


def test_decimals_that_do_not_fit_one_column_end_the_publication(pusher, table):
    pusher.define(table("sales", store="STRING", amount="BIGDECIMAL"))
    session = pusher.session()
    pusher.put(session, '[["a",1e30]]')
    pusher.put(session, '[["b",1e-20]]', index=2)
    status, message = pusher.publish(session)
    assert (status, "cannot be put together" in message) == (3, True)


@pytest.mark.parametrize("published", [False, True])
def test_deleting_a_session_discards_what_was_sent(sales, published):
    sales.push(ROWS[:1])
    session = sales.session()
    sales.put(session, ROWS)
    if published:
        sales.send("POST", f"{session}/publish")
        sales.send("GET", f"{session}/publishStatus")
    assert [sales.send("DELETE", session).status for _ in range(2)] == [200, 404]
    assert sales.send("GET", f"{session}/publishStatus").error == (404, "ERR004", None)
    assert (len(pushed(sales, "units")), sales.open().status) == (1, 200)


def test_upload_without_chunks_empties_or_leaves_a_table(sales):
    sales.push(ROWS)
    assert sales.publish(sales.session(policy="add")) == (1, "result ready")
    assert len(pushed(sales, "units")) == 3
    assert sales.publish(sales.session()) == (1, "result ready")
    assert (pushed(sales, "units"), sales.read()) == ([], [])


def test_session_of_a_dataset_that_is_no_more(sales, table):
    session = sales.session()
    sales.define(table("sales", store="STRING"))
    assert sales.put(session, [["Lyon"]]).error == (404, "ERR004", None)
    assert sales.open().status == 200


def test_rows_are_counted_and_forgotten(start):
    client = start(keep_uploads=False)
    client.push([["Lyon", 1], ["Oulu", "not checked"]])
    client.push([["Lyon", 1]], policy="add")
    assert client.read(hidden=True) == [{"Row Count - sales": 3}]
    assert client.put(client.session(), [["Lyon"]]).error == (400, "ERR006", None)
    assert [chunk[3] for chunk in client.sim.chunks_received] == [2, 1]


def test_large_bodies_are_not_recorded(start):
    client = start()
    session = client.session()
    client.put(session, [["x" * 1_000, 1]] * 1_000)
    client.put(session, [["x", 1]])
    large, small = client.sim.requests[-2:]
    assert (large.body, large.size > 2**20, len(small.body)) == (b"", True, small.size)


def test_largest_body_of_the_gateway(start):
    client = start(max_upload_bytes=1_000)
    session = client.session()
    reply = client.put(session, [["x" * 1_000_000, 1]])
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (413, "text/html")
    assert client.put(session, [["x" * 100, 1]]).status == 200
    assert [request.status for request in client.sim.requests[-2:]] == [413, 200]
