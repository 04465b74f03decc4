"""``mstr-arrow subscriptions create``."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from mstr_arrow.cli.commands.subscriptions.listing import as_json
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import shown_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_text
from mstr_arrow.delivery.contents import Content, Personalization
from mstr_arrow.delivery.modes import Cache, Delivery, Email, HistoryList
from mstr_arrow.delivery.recipients import Recipient
from mstr_arrow.errors import UsageError

_CONTENTS, _RECIPIENTS, _DELIVERY = "What is delivered", "To whom", "How it is delivered"

Mode = Literal["email", "history-list", "cache"]


def _often(name: str, metavar: str, text: str, panel: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, metavar=metavar, help=text, rich_help_panel=panel)
    return option


@takes_server()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    *,
    server: Server,
    content: Annotated[
        list[str] | None,
        _often("--content", "OBJECT", "A cube or report: name, path or id; repeat it for several.", _CONTENTS),
    ] = None,
    dashboard: Annotated[
        list[str] | None, _often("--dashboard", "OBJECT", "A dashboard: name or id.", _CONTENTS)
    ] = None,
    document: Annotated[
        list[str] | None, _often("--document", "OBJECT", "A document: name or id.", _CONTENTS)
    ] = None,
    form: Annotated[str | None, _often("--as", "FORMAT", "EXCEL, PDF, CSV, HTML, PLAIN_TEXT, …", _CONTENTS)] = None,
    schedule: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="When: name or id, as mstr-arrow schedules lists them; may be repeated."),
    ] = None,
    to: Annotated[
        list[str] | None,
        _often("--to", "NAME", "A user, group, contact, or address of your own: name or id.", _RECIPIENTS),
    ] = None,
    cc: Annotated[list[str] | None, _often("--cc", "NAME", "Who gets a copy of an e-mail.", _RECIPIENTS)] = None,
    bcc: Annotated[list[str] | None, _often("--bcc", "NAME", "Who gets one unseen.", _RECIPIENTS)] = None,
    delivery: Annotated[Mode, typer.Option(help="Which way.", rich_help_panel=_DELIVERY)] = "email",
    subject: Annotated[str | None, _often("--subject", "TEXT", "Of an e-mail.", _DELIVERY)] = None,
    message: Annotated[str | None, _often("--message", "TEXT", "Of an e-mail.", _DELIVERY)] = None,
    filename: Annotated[str | None, _often("--filename", "TEXT", "Of an e-mail's attachment.", _DELIVERY)] = None,
    expires: Annotated[str | None, _often("--expires", "DATE", "Its last day: 2027-01-31.", _DELIVERY)] = None,
    send_now: Annotated[bool, typer.Option("--send-now", help="Send it at once, too.")] = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Make a subscription, and print its id.

    Names are looked up and all is checked before anything is made. If the answer is lost, the subscription is
    looked for before it is made again.
    """
    console = Terminal(stderr=True)
    with shown_errors(console, verbose=verbose, interrupted="No half-made subscription was left behind."):
        personalization = None if form is None else Personalization(format_type=form)
        typed = [(None, content), ("dossier", dashboard), ("document", document)]
        contents = [Content(each, personalization, type=kind) for kind, given in typed for each in given or ()]
        if not contents:
            raise UsageError("nothing is to be delivered.", hint="Add --content OBJECT.")
        recipients = list(_recipients(to, cc, bcc))
        if not recipients:
            raise UsageError("nobody is to get it.", hint="Add --to NAME.")
        way = _delivery(delivery, {"subject": subject, "message": message, "filename": filename}, expires)
        with open_connection(server) as connection:
            made = connection.subscribe(name, contents, schedule or [], recipients, way, send_now=send_now)
        if json:
            print_json(as_json(made))
        else:
            print_text(made.id)


def _recipients(to: list[str] | None, cc: list[str] | None, bcc: list[str] | None) -> Iterator[Recipient]:
    for include, names in (("TO", to), ("CC", cc), ("BCC", bcc)):
        yield from (Recipient(name, include=include) for name in names or ())


def _delivery(mode: Mode, texts: dict[str, Any], expires: str | None) -> Delivery:
    if mode == "email":
        return Email(**texts, expiration=expires)
    if given := next((name for name, text in texts.items() if text is not None), None):
        raise UsageError(f"--{given} is for e-mails.", hint=f"Leave it, or --delivery {mode}, away.")
    return Cache(expiration=expires) if mode == "cache" else HistoryList(expiration=expires)
