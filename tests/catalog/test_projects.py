"""The catalogue of several projects: what is listed, and what is said of those that are not."""

import pyarrow.compute as pc
import pytest

from mstr_arrow import errors
from mstr_arrow.simulator import Fault, FurtherProject, Simulator
from tests.support.servers import connect_to

PROJECTS = (
    FurtherProject(name="Finance", objects=20),
    FurtherProject(name="Weather"),
    FurtherProject(name="Archive", loaded=False),
    FurtherProject(name="Payroll", open=False),
)
SEARCH = "earches/results"


@pytest.fixture(scope="module")
def server():
    """A server of five projects, one of which is not loaded, and one closed to its user."""
    with Simulator(rows=50, further_projects=PROJECTS) as simulator:
        yield simulator


@pytest.fixture
def conn(server):
    server.heal()
    with connect_to(server) as connection:
        yield connection


def names(catalogue):
    return set(catalogue.table()["project"].to_pylist())


def test_each_project_is_listed_with_its_own_objects(server, conn):
    with pytest.warns(errors.DataLossWarning):
        table = conn.objects(projects="all").table()
    for name in (server.project, "Finance", "Weather"):
        its = table.filter(pc.field("project") == name).drop_columns(["project"])
        assert its.equals(conn.in_project(name).objects().table())
    assert set(table["project"].to_pylist()) == {server.project, "Finance", "Weather"}
    assert len(set(table["id"].to_pylist())) < table.num_rows  # copies of a project keep its ids


def test_what_is_skipped_is_said_once_and_unloaded_ones_are_told_from_others(server, conn):
    server.fail(Fault.error(500).on(None, SEARCH, times=None, project="Weather"))
    with pytest.warns(errors.DataLossWarning) as caught:
        found = conn.objects(projects="all", details=True)
    assert names(found) == {server.project, "Finance"}
    (said,) = (str(each.message) for each in caught)
    assert said.startswith("3 of 5 projects are not listed (1 not loaded: 'Archive'; 1 closed to this login: ")
    assert "'Payroll'; 1 failed: 'Weather': (A scripted failure.))" in said


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.error(404, "ERR004", iserver_code=-2147209151), "2 not loaded: 'Archive', 'Finance'"),
        (Fault.error(403, "ERR0014"), "2 closed to this login: 'Finance', 'Payroll'"),
        (Fault.not_json(), "1 failed: 'Finance': "),
    ],
)
def test_a_project_that_fails_while_it_is_listed_is_told_by_its_reason(server, conn, fault, reason):
    server.fail(fault.on(None, SEARCH, times=None, project="Finance"))
    with pytest.warns(errors.DataLossWarning, match="3 of 5 projects") as caught:
        found = conn.objects(projects="all")
    assert reason in str(caught[0].message)
    assert names(found) == {server.project, "Weather"}


def test_a_project_that_was_named_is_listed_or_its_error_raised(conn):
    with pytest.raises(errors.PermissionDenied, match="does not have access to the project 'Payroll'"):
        conn.objects(projects=["Finance", "Payroll"])
    with pytest.raises(errors.NotFound, match="not loaded"):
        conn.objects(projects="Archive")


def test_a_project_that_was_named_twice_is_listed_once(conn):
    finance = conn.project("Finance")
    once = conn.objects(projects="Finance").table()
    assert conn.objects(projects=["Finance", finance.id, "finance"]).table().equals(once)


def test_no_projects_are_refused_before_asking(server, conn):
    def asked():
        return sum(request.path == "/api/projects" for request in server.requests)

    before = asked()
    with pytest.raises(errors.UsageError, match="names no project"):
        conn.objects(projects=[])
    assert asked() == before


def test_where_no_project_can_be_listed_the_error_says_why(server, conn):
    server.fail(Fault.error(500).on(None, SEARCH, times=None))
    with pytest.raises(errors.NotFound, match="no project could be listed") as caught:
        conn.objects(projects="all")
    assert "5 of 5 projects are not listed (1 not loaded: 'Archive'" in caught.value.hint


def test_an_object_of_another_project_is_certified_there(conn):
    (one,) = conn.objects("retail overview", projects="Finance")
    one.certify()
    with pytest.warns(errors.DataLossWarning, match="not listed"):
        assert names(conn.objects(projects="all", certified=True)) == {"Finance"}
    one.decertify()


def test_the_end_of_the_session_is_no_matter_of_a_project(server, conn):
    server.fail(Fault.error(401, "ERR003").on(None, SEARCH, times=None, project="Finance"))
    with pytest.raises(errors.LoginError):
        conn.objects(projects="all")
