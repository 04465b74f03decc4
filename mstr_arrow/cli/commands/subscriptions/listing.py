"""``mstr-arrow subscriptions ls`` and ``show``."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table
from mstr_arrow.printable import printable
from mstr_arrow.subscriptions.delivery_status import DeliveryStatus
from mstr_arrow.subscriptions.subscription import Subscription

HEADERS = ("NAME", "MODE", "CONTENTS", "SCHEDULES", "RECIPIENTS", "ID", "OWNER", "LAST RUN", "PAUSED")

SubscriptionName = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Its name or id.")]


@takes_server()
def ls(
    pattern: Annotated[
        str | None,
        typer.Argument(metavar="PATTERN", help="Names to list: * is any text, ? one letter. Put it in quotes."),
    ] = None,
    *,
    server: Server,
    owner: Annotated[
        str | None, typer.Option(metavar="NAME", help="Those of this user: a name, with * and ?, or an id.")
    ] = None,
    content: Annotated[
        str | None, typer.Option(metavar="OBJECT", help="Those that deliver this: a name, with * and ?, or an id.")
    ] = None,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """List the subscriptions that you can see: your own, an administrator all."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        with open_connection(server) as connection:
            found = connection.subscriptions(pattern, owner=owner, content=content)
        if json:
            print_json([as_json(each) for each in found])
        elif found:
            print_table(HEADERS, [_row(each) for each in found])
        if not found:
            console.print("There are no such subscriptions that you can see in this project.", soft_wrap=True)


@takes_server()
def show(
    name: SubscriptionName, *, server: Server, json: common.Json = False, verbose: common.Verbose = False
) -> None:
    """Show what a subscription delivers, when, to whom, and how its last run went."""
    with show_errors(Terminal(stderr=True), verbose=verbose):
        with open_connection(server) as connection:
            subscription = connection.subscription(name)
            status = subscription.status()
        if json:
            print_json(
                as_json(subscription) | {"status": status_as_json(status), "definition": subscription.definition}
            )
        else:
            _show(subscription, status)


def as_json(subscription: Subscription) -> dict[str, Any]:
    """Describe a subscription for a program."""
    return {
        "name": subscription.name,
        "id": subscription.id,
        "owner": subscription.owner,
        "mode": subscription.delivery.mode,
        "contents": [part._asdict() for part in subscription.contents],
        "schedules": [part._asdict() for part in subscription.schedules],
        "recipients": [part._asdict() for part in subscription.recipients],
        "paused": subscription.paused,
        "created": moment(subscription.created),
        "modified": moment(subscription.modified),
        "last_run": moment(subscription.last_run),
    }


def status_as_json(status: DeliveryStatus) -> dict[str, Any]:
    """Describe how a delivery goes or went, for a program."""
    return {
        "stage": status.stage,
        "outcome": status.outcome,
        "began": moment(status.began),
        "ended": moment(status.ended),
        "messages": list(status.messages),
    }


def moment(time: datetime | None) -> str | None:
    """Write a time for a program."""
    return None if time is None else time.isoformat()


def in_words(status: DeliveryStatus) -> str:
    """Say how a delivery goes or went.

    >>> in_words(DeliveryStatus(stage="finished", outcome="failed", messages=("no disk",)))
    'failed: no disk'
    """
    said = status.outcome or status.stage
    began = f", begun {status.began:%Y-%m-%d %H:%M}" if status.began else ""
    why = f": {'; '.join(status.messages)}" if status.messages else ""
    return f"{said}{began}{why}"


def _row(subscription: Subscription) -> tuple[str, ...]:
    lists = (subscription.contents, subscription.schedules, subscription.recipients)
    run = subscription.last_run
    return (
        subscription.name,
        subscription.delivery.mode,
        *(", ".join(part.name for part in parts) for parts in lists),
        subscription.id,
        subscription.owner or "",
        f"{run:%Y-%m-%d %H:%M}" if run else "",
        "yes" if subscription.paused else "",
    )


def _show(subscription: Subscription, status: DeliveryStatus) -> None:
    out = Terminal()
    lines = {
        "name": subscription.name,
        "id": subscription.id,
        "owner": subscription.owner or "not told",
        "delivers": ", ".join(f"{part.name} ({part.type})" for part in subscription.contents),
        "when": ", ".join(part.name for part in subscription.schedules) or "by hand only",
        "to": ", ".join(part.name for part in subscription.recipients),
        "mode": f"{subscription.delivery.mode}{', paused' if subscription.paused else ''}",
        "last run": in_words(status),
    }
    for label, text in lines.items():
        out.print(Text.assemble((f"{label:9}", "bold"), printable(text)), soft_wrap=True)
