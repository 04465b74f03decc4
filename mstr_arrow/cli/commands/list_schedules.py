"""``mstr-arrow schedules``: when subscriptions can run."""

from mstr_arrow.cli.commands.subscriptions.listing import moment
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table
from mstr_arrow.subscriptions.schedules import Schedule

HEADERS = ("NAME", "TYPE", "NEXT", "ID", "EVENT", "EXPIRED")


@takes_server()
def schedules(*, server: Server, json: common.Json = False, verbose: common.Verbose = False) -> None:
    """List the schedules that subscriptions can have."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        with open_connection(server) as connection:
            found = connection.schedules()
        if json:
            print_json([_as_json(each) for each in found])
        elif found:
            print_table(HEADERS, [_row(each) for each in found])
        else:
            console.print("There are no schedules that you can see.")


def _as_json(schedule: Schedule) -> dict[str, object]:
    return {
        "name": schedule.name,
        "id": schedule.id,
        "type": schedule.type,
        "description": schedule.description,
        "event": schedule.event,
        "next": moment(schedule.next_delivery),
        "start": moment(schedule.start),
        "stop": moment(schedule.stop),
        "expired": schedule.expired,
    }


def _row(schedule: Schedule) -> tuple[str, ...]:
    coming = f"{schedule.next_delivery:%Y-%m-%d %H:%M}" if schedule.next_delivery else ""
    expired = "yes" if schedule.expired else ""
    return (schedule.name, schedule.type or "", coming, schedule.id, schedule.event or "", expired)
