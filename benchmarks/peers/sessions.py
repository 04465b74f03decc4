"""How other clients, and mstr_arrow, log in, list projects, and hand sessions to one another."""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from mstr.requests import (
    AsyncAuthenticatedMSTRRESTSession,
    AsyncMSTRRESTSession,
    AuthenticatedMSTRRESTSession,
    MSTRRESTSession,
)
from mstrio.connection import Connection
from mstrio.server import Environment

import mstr_arrow as ma
from benchmarks.peers.compare import SAME
from benchmarks.peers.verdicts import MSTR_REQUESTS, MSTRIO, OURS, Checks

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator import Simulator

Credentials = dict[str, Any]


def main(checks: Checks, sim: Simulator) -> None:
    """Run the checks of log-ins and sessions."""
    named: Credentials = {"username": sim.username, "password": sim.password}
    _mstrio(checks, sim, named)
    _mstr_rest_requests(checks, sim, named)
    _handed_over(checks, sim, named)
    _ours(checks, sim, named)


def _mstrio(checks: Checks, sim: Simulator, named: Credentials) -> None:
    def log_in(**credentials: Any) -> str:
        connection = Connection(sim.url, project_name=sim.project, **credentials)
        before = sim.open_sessions
        connection.renew()
        connection.close()
        return _same((connection.project_id, sim.open_sessions), (sim.project_id, before - 1))

    for mode, credentials in (
        (1, named),
        (8, {"login_mode": 8}),
        (16, named | {"login_mode": 16}),
        (4096, {"api_token": sim.api_token}),
    ):
        checks.run(f"Connection, log-in mode {mode}", MSTRIO, partial(log_in, **credentials))
    wrong = named | {"password": "wrong"}
    checks.run("Connection, wrong password", MSTRIO, lambda: _refused(lambda: log_in(**wrong)))

    def projects() -> str:
        connection = Connection(sim.url, **named)
        try:
            listed = Environment(connection).list_loaded_projects(to_dictionary=True)
        finally:
            connection.close()
        return _same([project["id"] for project in listed], [sim.project_id])

    checks.run("Environment.list_loaded_projects", MSTRIO, projects)


def _mstr_rest_requests(checks: Checks, sim: Simulator, named: Credentials) -> None:
    base = f"{sim.url}/api/"

    def by_hand() -> str:
        with MSTRRESTSession(base_url=base) as session:
            session.login(**named)
            projects = session.get_projects()
            session.extend_session()
            before = sim.open_sessions
            session.logout()
            ended = not session.has_session() and sim.open_sessions == before - 1
            return SAME if [p["id"] for p in projects] == [sim.project_id] and ended else "differs"

    def managed(**credentials: Any) -> str:
        before = sim.open_sessions
        with AuthenticatedMSTRRESTSession(base_url=base, **credentials) as session:
            project = session.resolve_project_id(sim.project)
            headers = {"X-MSTR-ProjectID": project}
            page = session.post(f"v2/cubes/{sim.cubes['One Row']}/instances", headers=headers).json()
        rows = page["data"]["paging"]["total"]
        return _same((project, rows, sim.open_sessions), (sim.project_id, 1, before))

    async def later() -> str:
        before = sim.open_sessions
        async with AsyncAuthenticatedMSTRRESTSession(base_url=base, **named) as session:
            projects = await session.get_projects()
        return _same(([p["id"] for p in projects], sim.open_sessions), ([sim.project_id], before))

    def restored() -> str:
        with MSTRRESTSession(base_url=base) as first:
            first.login(**named)
            with MSTRRESTSession.from_dict(json.loads(first.json())) as second:
                projects = second.get_projects()
            first.logout()
        return _same([p["id"] for p in projects], [sim.project_id])

    wrong = named | {"password": "wrong"}
    checks.run("log in, list projects, log out", MSTR_REQUESTS, by_hand)
    checks.run("authenticated session, name and password", MSTR_REQUESTS, lambda: managed(**named))
    checks.run("authenticated session, API key", MSTR_REQUESTS, lambda: managed(api_key=sim.api_token))
    checks.run("authenticated session, anonymous", MSTR_REQUESTS, managed)
    checks.run("authenticated session, asynchronous", MSTR_REQUESTS, lambda: asyncio.run(later()))
    checks.run("wrong password", MSTR_REQUESTS, lambda: _refused(lambda: managed(**wrong)))
    checks.run("its saved session taken over by itself", MSTR_REQUESTS, restored)


def _handed_over(checks: Checks, sim: Simulator, named: Credentials) -> None:
    """Let a session go from one client to another, and see that it lives on where it came from."""
    base = f"{sim.url}/api/"
    truth = sim.truth("One Row")

    def to_us() -> str:
        with MSTRRESTSession(base_url=base) as theirs:
            theirs.login(**named)
            before = sim.open_sessions
            with ma.Connection.from_session(theirs.json()) as conn:
                read = conn.cube("One Row").to_arrow().num_rows == truth.num_rows
            user = theirs.get_userinfo().json()["fullName"]
            same = _same((read, user, sim.open_sessions), (True, sim.username, before))
            theirs.logout()
        return same

    def to_it() -> str:
        with ma.connect(sim.url, project=sim.project, **named) as conn, MSTRRESTSession(base_url=base) as theirs:
            theirs.update_from_json(conn.save_session(format="mstr-rest-requests"))
            ids = [project["id"] for project in theirs.get_projects()]
            cube = theirs.get(f"v2/cubes/{sim.cubes['One Row']}").json()["name"]  # in the project that was saved
            theirs.close()
            return _same((ids, cube, conn.has_session), ([sim.project_id], "One Row", True))

    async def to_it_later() -> str:
        async with ma.connect_async(sim.url, **named) as conn:
            saved = await conn.save_session_async(format="mstr-rest-requests")
            async with AsyncMSTRRESTSession.from_dict(saved) as theirs:
                ids = [project["id"] for project in await theirs.get_projects()]
            return _same((ids, await conn.has_session_async()), ([sim.project_id], True))

    def delegated_to_mstrio() -> str:
        with ma.connect(sim.url, **named) as conn:
            theirs = Connection(sim.url, project_name=sim.project, identity_token=conn.identity_token())
            user = theirs.user_full_name
        return _same(user, sim.username)

    def delegated_by_mstrio() -> str:
        theirs = Connection(sim.url, **named)
        with ma.connect(sim.url, identity_token=theirs.get_identity_token()) as conn:
            user = conn.user().name
        alive = theirs.status()
        theirs.close()
        return _same((user, alive), (sim.username, True))

    checks.run("its saved session taken over by us", MSTR_REQUESTS, to_us)
    checks.run("our saved session taken over by it", MSTR_REQUESTS, to_it)
    checks.run(
        "our saved session taken over by it, asynchronous", MSTR_REQUESTS, lambda: asyncio.run(to_it_later())
    )
    checks.run("our session delegated to it", MSTRIO, delegated_to_mstrio)
    checks.run("its session delegated to us", MSTRIO, delegated_by_mstrio)


def _ours(checks: Checks, sim: Simulator, named: Credentials) -> None:
    def log_in(**credentials: Any) -> str:
        before = sim.open_sessions
        with ma.connect(sim.url, **credentials) as conn:
            conn.extend_session()
            ids = [project.id for project in conn.projects()]
            conn.renew()
        return _same((ids, sim.open_sessions), ([sim.project_id], before))

    for mode, credentials in (
        (1, named),
        (8, {}),
        (16, named | {"login_mode": 16}),
        (4096, {"api_key": sim.api_token}),
    ):
        checks.run(f"connect, projects, log-in mode {mode}", OURS, partial(log_in, **credentials))
    wrong = named | {"password": "wrong"}
    checks.run("connect, wrong password", OURS, lambda: _refused(lambda: log_in(**wrong)))

    def restored() -> str:
        with ma.connect(sim.url, **named) as first:
            with ma.connect(session=first.save_session()) as second:
                ids = [project.id for project in second.projects()]
            return _same((ids, first.has_session), ([sim.project_id], True))

    checks.run("our saved session taken over by us", OURS, restored)


def _same(found: object, wanted: object) -> str:
    return SAME if found == wanted else f"differs: {found} in place of {wanted}"


def _refused(work: Callable[[], Any]) -> str:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - each peer has its own
        return SAME if "ogin" in str(error) or "401" in str(error) else f"differs: {error}"
    return "differs: let in"
