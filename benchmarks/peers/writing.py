"""SuperCubes that mstrio-py writes and mstr_arrow reads, and the other way round, on the simulator.

Every cube is compared cell by cell with what was written. What mstrio-py is known to lose is counted, not hidden:
the same data go through mstr_arrow in the next line. The simulator sends the publish status as a number, as it does
by default; what mstrio-py makes of the text that is documented is a check of its own.
"""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from mstrio.connection import Connection
from mstrio.project_objects import OlapCube, SuperCube, list_super_cubes

import mstr_arrow as ma
from benchmarks.peers.compare import SAME, Unexplained, explain
from benchmarks.peers.traps import KEY, TRAPS, Trap
from benchmarks.peers.verdicts import MSTRIO, OURS, Checks
from benchmarks.peers.written import CUT, losses
from mstr_arrow.errors import NotPublished, UploadFailed
from mstr_arrow.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

TABLE = "facts"
ROWS, CHUNK_ROWS = 20_000, 7_000
POLICIES = ("add", "update", "upsert", "replace")
TEXTS = ("Größe", 'a "quoted" \\ text', "😀", "null", "[1]", "a,b\nc", " ", "0")
PATIENCE = 2.0
"""Seconds after which something that should have ended at once never will."""

SETTINGS: dict[str, Any] = {"rows": 10, "gzip": False, "publish_polls": 0, "max_sessions_per_user": 100}


class Clients:
    """Both clients, logged in to a simulated server; ``left`` counts upload sessions that the peer left open."""

    def __init__(self, sim: Simulator, peer: Connection, conn: ma.Connection) -> None:
        self.sim, self.peer, self.conn = sim, peer, conn
        self.left = 0

    def peer_writes(self, name: str, frame: pd.DataFrame, policy: str = "replace", **options: Any) -> None:
        """Create a SuperCube with mstrio-py, or update the one of that name."""
        there = self.sim.cubes.get(name)
        cube = SuperCube(self.peer, id=there) if there else SuperCube(self.peer, name=name)
        cube.add_table(TABLE, frame, policy)
        (cube.update if there else cube.create)(**options)

    def peer_reads(self, name: str, truth: pa.Table, kind: Any = SuperCube) -> str:
        """Read a cube with mstrio-py, and explain how it differs from the truth."""
        cube_id = self.sim.cubes[name]
        frame = kind(self.peer, id=cube_id, progress_bar=False).to_dataframe().sort_values(KEY)
        schema = self.conn.cube(cube_id).schema
        attributes = {field.name for field in schema if field.metadata[b"mstr.role"] == b"attribute"}
        return explain(truth.select(schema.names).sort_by(KEY), frame, attributes)

    def we_write(self, name: str, data: Any, mode: Any = "replace") -> ma.WriteResult:
        """Write a SuperCube."""
        return self.conn.write(name, {TABLE: data}, mode=mode)

    def we_read(self, name: str, truth: pa.Table) -> str:
        """Read a cube, and say what became of the truth."""
        return str(losses(truth, self.conn.cube(name).to_arrow(strings="plain"), key=KEY))


def main(checks: Checks) -> None:
    """Run the checks of writing."""
    with (
        Simulator(**SETTINGS) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn,
    ):
        peer = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        clients = Clients(sim, peer, conn)
        _created(checks, clients)
        for policy in POLICIES:
            _updated(checks, clients, policy)
        _joined(checks, clients)
        _managed(checks, clients)
        for trap in TRAPS:
            checks.run(trap.title, MSTRIO, partial(_peer_meets, clients, trap))
            checks.run(trap.title, OURS, partial(_we_meet, clients, trap))
        _refused(checks, clients)
        checks.run("no upload is left", OURS, lambda: SAME if sim.uploads_open == clients.left else "differs")
        peer.close()
    for title, text, fault in (
        ("publish, the status is a text", True, None),
        ("publish, ends with status 3", False, Fault.publish_ends()),
    ):
        with Simulator(**SETTINGS, publish_status_text=text) as sim:
            checks.run(title, MSTRIO, partial(_peer_publishes, sim, fault))
            checks.run(title, OURS, partial(_we_publish, sim, fault))


def _facts() -> pa.Table:
    """Make rows of every type that both clients know, with values that neither is known to lose."""
    rows = range(ROWS)
    day = dt.date(2024, 1, 1)
    return pa.table(
        {
            KEY: [f"k{row:05}" for row in rows],
            "text": [None if row % 11 == 5 else TEXTS[row % len(TEXTS)] for row in rows],
            "flag": [row % 3 == 0 for row in rows],
            "day": [day + dt.timedelta(days=row % 700) for row in rows],
            "noon": [dt.time(row % 24, row % 60, row % 59) for row in rows],
            "moment": pa.array(
                [
                    None if row % 13 == 7 else dt.datetime(2024, 1, 1) + dt.timedelta(milliseconds=row * 12_345)  # noqa: DTZ001 - without a zone
                    for row in rows
                ],
                pa.timestamp("ns"),
            ),
            "units": [row * 7919 % 100_003 for row in rows],
            "amount": [None if row % 17 == 3 else (row * 7919 % 100_003 - 50_000) / 4 for row in rows],
        }
    )


def _created(checks: Checks, clients: Clients) -> None:
    truth = _facts()
    frame = truth.to_pandas()

    def peer_creates() -> str:
        clients.peer_writes("Made By Peer", frame, chunksize=CHUNK_ROWS)
        return clients.we_read("Made By Peer", truth)

    def we_create() -> str:
        clients.we_write("Made By Us", truth)
        return clients.we_read("Made By Us", truth)

    checks.run("create, read by mstr_arrow", MSTRIO, peer_creates)
    checks.run("create, read by mstr_arrow", OURS, we_create)
    for name, writer in (("Made By Peer", MSTRIO), ("Made By Us", OURS)):
        for kind in (SuperCube, OlapCube):
            title = f"create, read by mstrio-py's {kind.__name__}"
            checks.run(title, writer, partial(clients.peer_reads, name, truth, kind))
    checks.run("create from the same frame", OURS, lambda: _own_frame(clients, frame, truth))


def _own_frame(clients: Clients, frame: pd.DataFrame, truth: pa.Table) -> str:
    clients.we_write("Made By Us From Pandas", frame)
    return clients.we_read("Made By Us From Pandas", truth)


def _updated(checks: Checks, clients: Clients, policy: str) -> None:
    """Have each client update a cube that it made, and one that the other one made; each is read by both."""
    before, change = _amounts(range(100), 1), _amounts(range(50, 150), 2)
    after = _after(policy, before, change)

    def update(name: str, create: Callable[..., Any], update: Callable[..., Any]) -> str:
        create(name, before.to_pandas())
        update(name, change.to_pandas(), policy)
        ours, theirs = clients.we_read(name, after), clients.peer_reads(name, after)
        return SAME if ours == theirs == SAME else f"{ours}; read by mstrio-py: {theirs}"

    peer, we = clients.peer_writes, clients.we_write
    for title, create, work, client in (
        (f"update, {policy}, read by both", peer, peer, MSTRIO),
        (f"update, {policy}, read by both", we, we, OURS),
        (f"update, {policy}, of the other's cube", we, peer, MSTRIO),
        (f"update, {policy}, of the other's cube", peer, we, OURS),
    ):
        checks.run(title, client, partial(update, f"{title} by {client}", create, work))


def _amounts(rows: range, factor: int) -> pa.Table:
    return pa.table({KEY: [f"k{row:03}" for row in rows], "amount": [row * factor + 0.25 for row in rows]})


def _after(policy: str, before: pa.Table, change: pa.Table) -> pa.Table:
    """Say what a cube shows after an update, which adds up what has the same attributes."""
    old, new = (dict(zip(*table.to_pydict().values(), strict=True)) for table in (before, change))
    result = {
        "add": {key: old.get(key, 0) + new.get(key, 0) for key in old | new},
        "update": {key: new.get(key, value) for key, value in old.items()},
        "upsert": old | new,
        "replace": new,
    }[policy]
    return pa.table({KEY: list(result), "amount": list(result.values())})


def _joined(checks: Checks, clients: Clients) -> None:
    """Have each client make a cube of two tables with one key; both read it as one."""
    amounts = _amounts(range(100), 1)
    stores = pa.table({KEY: amounts[KEY], "store": [f"Store {row % 7}" for row in range(100)]})
    truth = amounts.append_column("store", stores["store"])

    def read(name: str) -> str:
        ours, theirs = clients.we_read(name, truth), clients.peer_reads(name, truth)
        return SAME if ours == SAME and theirs in {SAME, "differs: R7"} else f"{ours}; read by mstrio-py: {theirs}"

    def peer_joins() -> str:
        cube = SuperCube(clients.peer, name="Joined By Peer")
        cube.add_table("stores", stores.to_pandas(), "replace")
        cube.add_table("amounts", amounts.to_pandas(), "replace")
        cube.create()
        return read("Joined By Peer")

    def we_join() -> str:
        clients.conn.write("Joined By Us", {"stores": stores, "amounts": amounts})
        return read("Joined By Us")

    checks.run("two tables, read by both", MSTRIO, peer_joins)
    checks.run("two tables, read by both", OURS, we_join)


def _managed(checks: Checks, clients: Clients) -> None:
    """Have mstrio-py do step by step, and to our cubes, what it offers besides."""
    frame = _amounts(range(10), 1)

    def step_by_step() -> str:
        cube = SuperCube(clients.peer, name="Step By Step")
        cube.add_table(TABLE, frame.to_pandas(), "replace")
        cube.create(auto_publish=False)
        published = cube.publish()
        status = cube.publish_status()["status"]
        return clients.we_read("Step By Step", frame) if (published, status) == (True, 1) else "differs"

    def listed() -> str:
        found = {cube["id"] for cube in list_super_cubes(clients.peer, to_dictionary=True)}
        return SAME if {clients.sim.cubes["Made By Us"], clients.sim.cubes["Made By Peer"]} <= found else "differs"

    def deleted() -> str:
        clients.we_write("Ours To Delete", frame)
        cube = SuperCube(clients.peer, id=clients.sim.cubes["Ours To Delete"])
        done = cube.certify(), cube.delete(force=True)
        return SAME if done == (True, True) and "Ours To Delete" not in clients.sim.cubes else "differs"

    checks.run("create and publish, step by step", MSTRIO, step_by_step)
    checks.run("list_super_cubes, both's", MSTRIO, listed)
    checks.run("certify and delete our cube", MSTRIO, deleted)


def _peer_meets(clients: Clients, trap: Trap) -> str:
    """Write a trap with mstrio-py; whatever becomes of it is the habit that the trap names."""
    name, before = f"{trap.title} by peer", clients.sim.uploads_open
    try:
        clients.peer_writes(name, trap.frame)
    except Exception as error:  # noqa: BLE001 - it has several
        clients.left += clients.sim.uploads_open - before
        left = "; its upload session is left open" if clients.sim.uploads_open > before else ""
        return f"fails: {trap.habit}: {type(error).__name__}: {str(error).splitlines()[0][:60]}{left}"
    try:
        return clients.we_read(name, trap.truth)
    except NotPublished:
        return f"fails: {trap.habit}, U2: create() returns, and the cube holds nothing"
    except Unexplained as wrong:
        return f"differs: {trap.habit}: {wrong}"


def _we_meet(clients: Clients, trap: Trap) -> str:
    name = f"{trap.title} by us"
    result = clients.we_write(name, trap.frame)
    found = losses(trap.truth, clients.conn.cube(name).to_arrow(strings="plain"), key=KEY)
    warned = sum(result.shortened.values())
    if found.lost and (set(found.lost) != {CUT} or found.lost[CUT] != warned):
        raise Unexplained(str(found))
    return f"same to the millisecond, {warned:,} values counted in a warning" if warned else SAME


def _refused(checks: Checks, clients: Clients) -> None:
    """Let a chunk fail, once or for good."""
    frame = _amounts(range(1_000), 1)

    def meets(fault: Fault, name: str, write: Callable[..., Any]) -> str:
        clients.sim.fail(fault)
        try:
            write(name, frame.to_pandas())
            return clients.we_read(name, frame)
        except NotPublished:
            return "fails: U2: create() returns, and the cube holds nothing"
        except UploadFailed:
            there = name in clients.sim.cubes
            return (
                "UploadFailed, and the cube is still there" if there else "UploadFailed, and nothing is left behind"
            )
        finally:
            clients.sim.heal()

    for title, fault in (
        ("a chunk is refused for good", Fault.error(400).on("PUT", "/uploadSessions/", times=None)),
        ("a chunk meets a 500 once", Fault.error(500).on("PUT", "/uploadSessions/")),
        ("the connection is cut in a chunk once", Fault.reset_upload().on("PUT", "/uploadSessions/")),
    ):
        for peer, write in ((MSTRIO, clients.peer_writes), (OURS, clients.we_write)):
            checks.run(title, peer, partial(meets, fault, f"{title} {peer}", write))


def _peer_publishes(sim: Simulator, fault: Fault | None) -> str:
    """Publish in a thread, which is left behind when it does not end; it fails when the server stops."""

    def work() -> None:
        with contextlib.suppress(Exception):
            peer = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
            cube = SuperCube(peer, name="Followed By Peer")
            cube.add_table(TABLE, _amounts(range(10), 1).to_pandas(), "replace")
            cube.create()

    if fault:
        sim.fail(fault)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    asked = sum(request.path.endswith("/publishStatus") for request in sim.requests)
    return f"fails: U1: still waits, {asked} answers after the end" if thread.is_alive() else SAME


def _we_publish(sim: Simulator, fault: Fault | None) -> str:
    if fault:
        sim.heal()
        sim.fail(fault)
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
        try:
            conn.write("Followed By Us", _amounts(range(10), 1))
        except UploadFailed as failed:
            return f"UploadFailed: {failed.message}"
        return SAME
