"""The catalogue, certificates, users, schedules and addresses, as mstrio-py and mstr_arrow tell them."""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mstrio.connection import Connection
from mstrio.distribution_services import list_schedules
from mstrio.object_management import full_search
from mstrio.project_objects import (
    Report,
    SuperCube,
    list_dashboards,
    list_documents,
    list_mosaic_models,
    list_olap_cubes,
    list_reports,
    list_super_cubes,
)
from mstrio.users_and_groups import list_user_groups, list_users

import mstr_arrow as ma
from benchmarks.peers.compare import SAME
from benchmarks.peers.verdicts import MSTRIO, OURS, Checks
from mstr_arrow.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers.verdicts import Told

_GRIDS, _CUBES, _DOCUMENTS = [768, 769, 774], [776, 779], [14081]
_FIELDS = "id, name, type, subtype, owner's name, and whether it is certified"


def main(checks: Checks, sim: Simulator) -> None:
    """Run the checks of the catalogue, of certificates, users and schedules."""
    theirs = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as ours:
        _objects(checks, sim, ours, theirs)
        _certificates(checks, sim, ours, theirs)
        _people(checks, ours, theirs)
        _schedules(checks, ours, theirs)
    theirs.close()
    _addresses(checks)


def _objects(checks: Checks, sim: Simulator, ours: ma.Connection, theirs: Connection) -> None:
    models = {each.id for each in ours.objects(kind="data model")}
    for name, kinds, works in (
        ("list_olap_cubes, list_super_cubes", ["cube", "data model"], [list_olap_cubes, list_super_cubes]),
        ("list_mosaic_models", ["data model"], [list_mosaic_models]),
        ("list_reports", ["report"], [list_reports]),
        ("list_dashboards, list_documents", ["dashboard"], [list_dashboards, list_documents]),
    ):
        checks.compare(
            f"{name}, and objects(kind={' and '.join(map(repr, kinds))})",
            _FIELDS,
            partial(_listed_by_us, ours, kinds),
            partial(_listed_by_them, theirs, works),
        )
    for pattern, kinds, subtypes in (
        ("SALES", ["cube", "data model"], _CUBES),
        ("cross", ["report"], _GRIDS),
        ("e", ["dashboard"], _DOCUMENTS),
    ):
        checks.compare(
            f"full_search of {subtypes}, and objects('*{pattern}*')",
            "id and name",
            partial(_found_by_us, ours, pattern, kinds),
            partial(_found_by_them, sim, theirs, pattern, subtypes),
        )
    checks.run(
        "no data model is taken for a cube",
        OURS,
        lambda: SAME if not models & {each.id for each in ours.objects(kind="cube")} else "differs",
    )


def _listed_by_us(ours: ma.Connection, kinds: list[Any]) -> Told:
    return {
        (each.id, each.name, each.type, each.subtype, each.owner, each.certified)
        for kind in kinds
        for each in ours.objects(kind=kind)
    }


def _listed_by_them(theirs: Connection, works: list[Callable[..., Any]]) -> Told:
    return {
        (
            *(each[name] for name in ("id", "name", "type", "subtype")),
            each["owner"]["name"],
            each["certified_info"]["certified"],
        )
        for work in works
        for each in work(theirs, to_dictionary=True)
    }


def _found_by_us(ours: ma.Connection, pattern: str, kinds: list[Any]) -> Told:
    return {(each.id, each.name) for kind in kinds for each in ours.objects(f"*{pattern}*", kind=kind)}


def _found_by_them(sim: Simulator, theirs: Connection, pattern: str, subtypes: list[int]) -> Told:
    hits = full_search(theirs, project=sim.project_id, name=pattern, object_types=subtypes)
    return {(hit["id"], hit["name"]) for hit in hits}


def _certificates(checks: Checks, sim: Simulator, ours: ma.Connection, theirs: Connection) -> None:
    """Have each client certify and decertify what the other one looks at."""
    for kind, of_us, object_id in (
        (SuperCube, ours.cube, sim.cubes["Sales Cube"]),
        (Report, ours.report, sim.reports["Plain Report"]),
    ):
        title = f"{kind.__name__}.certify, decertify, seen by the other one"
        checks.run(title, MSTRIO, partial(_certified_by_them, kind, object_id, ours, theirs))
        checks.run(title, OURS, partial(_certified_by_us, of_us(object_id), kind, object_id, theirs))


def _certified_by_them(kind: Any, object_id: str, ours: ma.Connection, theirs: Connection) -> str:
    mine = kind(theirs, id=object_id)
    seen = []
    for change in (mine.certify, mine.decertify):
        change()
        seen.append(ours.find(object_id).certified)
    return _same(seen, [True, False])


def _certified_by_us(mine: Any, kind: Any, object_id: str, theirs: Connection) -> str:
    seen = []
    for change in (mine.certify, mine.decertify):
        change()
        seen.append(kind(theirs, id=object_id).certified_info.certified)
    return _same(seen, [True, False])


def _people(checks: Checks, ours: ma.Connection, theirs: Connection) -> None:
    checks.compare(
        "list_users, and users()",
        "id, full name, user name, and whether enabled",
        lambda: {(each.id, each.name, each.username, each.enabled) for each in ours.users()},
        lambda: {(each.id, each.full_name, each.abbreviation, each.enabled) for each in list_users(theirs)},
    )
    checks.compare(
        "list_users(name_begins='Ann'), and users('Ann*')",
        "id",
        lambda: {(each.id,) for each in ours.users("Ann*")},
        lambda: {(each.id,) for each in list_users(theirs, name_begins="Ann")},
    )
    checks.compare(
        "list_user_groups, and user_groups()",
        "id and name",
        lambda: {(each.id, each.name) for each in ours.user_groups()},
        lambda: {(each.id, each.name) for each in list_user_groups(theirs)},
    )


def _schedules(checks: Checks, ours: ma.Connection, theirs: Connection) -> None:
    checks.compare(
        "list_schedules, and schedules()",
        "id, name, type, event, and whether expired",
        lambda: {(each.id, each.name, each.type, each.event, each.expired) for each in ours.schedules()},
        lambda: {
            (each.id, each.name, each.schedule_type.value, each.event and each.event.name, each.expired)
            for each in list_schedules(theirs)
        },
    )


def _addresses(checks: Checks) -> None:
    """Have each client add and delete addresses that the other one lists, in the dialect that mstrio-py reads."""
    with Simulator(rows=1, address_dialect="physicalAddress", max_sessions_per_user=100) as sim:
        theirs = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
        with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as ours:
            ann = ours.user("Ann Lee")

            def told_by_us() -> Told:
                return {(each.id, each.name, each.value, each.device, each.default) for each in ann.addresses()}

            def told_by_them() -> Told:
                user = next(each for each in list_users(theirs) if each.id == ann.id)
                return {
                    (each.id, each.name, each.physical_address, each.device.id, each.is_default)
                    for each in user.addresses
                }

            def their_change() -> Told:
                user = next(each for each in list_users(theirs) if each.id == ann.id)
                user.add_address("Made By Peer", "peer@example.org", default=False)
                user.remove_address(name="Made By Us")
                return told_by_them()

            fields = "id, name, value, device, and whether it is the default"
            checks.compare("User.addresses", fields, told_by_us, told_by_them)
            ann.add_address("Made By Us", "us@example.org")
            checks.compare("User.addresses, one made by mstr_arrow", fields, told_by_us, told_by_them)
            checks.run(
                "User.add_address, remove_address, seen by the other one",
                MSTRIO,
                lambda: _same(their_change(), told_by_us()),
            )
            ann.delete_address("Made By Peer")
            checks.compare("User.addresses, mstrio-py's deleted by us", fields, told_by_us, told_by_them)
        theirs.close()


def _same(seen: object, wanted: object) -> str:
    return SAME if seen == wanted else f"differs: {seen} in place of {wanted}"
