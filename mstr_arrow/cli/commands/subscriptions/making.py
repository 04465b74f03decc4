"""``mstr-arrow subscriptions create``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mstr_arrow.cli.commands.subscriptions.listing import as_json
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.options.subscription_file import SubscriptionFile, read_subscription_file
from mstr_arrow.cli.render.errors import show_errors
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
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="What it is called; with --from, in place of the file's name."),
    ] = None,
    *,
    server: Server,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="All that it says: .toml or .json, as subscriptions show --json writes it.",
        ),
    ] = None,
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
    """Make a subscription of options or of a file, and print its id.

    Names are looked up and all is checked before anything is made. If the answer is lost, the subscription is
    looked for before it is made again.
    """
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose, interrupted="No half-made subscription was left behind."):
        texts = {"subject": subject, "message": message, "filename": filename}
        personalization = None if form is None else Personalization(format_type=form)
        typed = [(None, content), ("dossier", dashboard), ("document", document)]
        contents = [Content(each, personalization, type=kind) for kind, given in typed for each in given or ()]
        recipients = list(_recipients(to, cc, bcc))
        if file is None:
            asked = SubscriptionFile(
                name, contents, schedule or [], recipients, _delivery(delivery, texts, expires)
            )
        else:
            if contents or recipients or schedule or form or expires or any(texts.values()) or delivery != "email":
                raise UsageError(
                    "what is delivered is said by --from and by options.", hint="Change the file instead."
                )
            asked = read_subscription_file(file)
        where = "to the file" if file is not None else ""
        called = name or asked.name
        if called is None:
            raise UsageError("the subscription has no name.", hint="Give one before the options, or in the file.")
        if not asked.contents:
            raise UsageError(
                "nothing is to be delivered.", hint=f"Add {f'contents {where}' if where else '--content OBJECT'}."
            )
        if not asked.recipients:
            raise UsageError("nobody is to get it.", hint=f"Add {f'recipients {where}' if where else '--to NAME'}.")
        with open_connection(server) as connection:
            made = connection.subscribe(
                called,
                asked.contents,
                asked.schedules,
                asked.recipients,
                asked.delivery,
                send_now=send_now,
                **asked.flags,
            )
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
