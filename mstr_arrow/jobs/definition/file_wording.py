"""The keys of settings and calls in a file of jobs. The names are those of `mstr_arrow.wording`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.session.login_modes import CREDENTIALS
from mstr_arrow.wording import say_in_words

if TYPE_CHECKING:
    from mstr_arrow.errors import MstrError

WORDS = {
    # Of a server
    **{f"connect.{key}": f"{key} of its server" for key in ("url", *CREDENTIALS)},
    "connect.project": "project",
    "SessionSettings.application_type": "application_type of its server",
    "Timeouts.connect": "connect_timeout of its server",
    "Timeouts.read": "read_timeout of its server",
    "Timeouts.execute": "execute_timeout of its server",
    "Timeouts.publish": "publish_timeout of its server",
    "Timeouts.total": "total_timeout of its server",
    "Proxy.url": "proxy of its server",
    "Network.no_proxy": "no_proxy of its server",
    "Network.connections": "requests_at_once of [run]",
    "Tls.ca_file": "ca_file of its server",
    "Tls.ca_file=…": "ca_file of its server",
    "Tls.system_store": "system_store of its server",
    "Tls.system_store=True": "system_store = true of its server",
    "Tls.cert_file": "cert_file of its server",
    "Tls.cert_file=…": "cert_file of its server",
    "Tls.key_file": "key_file of its server",
    "Tls.verify=False": "insecure = true of its server",
    # Of a job
    "Limits.page_rows": "page_rows",
    "Limits.page_bytes": "page_bytes",
    "Limits.buffer_bytes": "buffer_bytes",
    "Limits.concurrency": "concurrency",
    "Limits.polite": "polite",
    "Scan.with_options.deadline": "deadline",
    "Scan.write_parquet.part_bytes": "part_bytes",
    'Scan.extract.on_change="restart"': 'on_change = "restart"',
    'Scan.extract.schema_mode="add"': 'schema_mode = "add"',
    'Scan.extract.schema_mode="replace"': 'schema_mode = "replace"',
    'Scan.extract.verify="checksums"': 'verify = "checksums"',
    'Scan.with_options.consistency="likely"': 'consistency = "likely"',
    'Scan.with_options.consistency="proven"': 'consistency = "proven"',
    "read without an order": "Write resume = false.",
    "read in no total order": "Write resume = false.",
    "Scan.aggregate()": "aggregate",
    "Scan.filter()": "where",
    "Scan.sort()": "sort",
    "Scan.head()": "head",
    "Scan.select()": "columns",
    "Scan.since()": "since",
    "Scan.write_parquet.partition_by": "partition_by",
    "Scan.write_parquet.mode": "mode",
    "Scan.since.overlap": "overlap",
    "Report.page_by()": "pages",
    "Report.expand_pages()": "all_pages = true",
    "Scan.with_options.layout": "layout",
    'Scan.with_options.layout="grid"': 'layout = "grid"',
    "Scan.with_options.types": "column_types",
    "Scan.with_options.on_bad_value": "on_bad_value",
    "Scan.with_options.forms": "forms",
    "Scan.with_options.forms='all'": 'forms = "all"',
    "Connection.data_model.parameters": "parameters",
    "go to the project": "Write project = {name!r}.",
    "it is a report": 'Leave kind away, or write kind = "report".',
    "say the kind": 'Give the id or the path, or say which: kind = "cube", "report" or "data model".',
    "type the column": 'Choose a type that holds it: column_types = {{{column!r} = "string"}} takes any value; '
    'on_bad_value = {{{column!r} = "null"}} makes null of such values.',
    "read half a character": 'on_bad_value = {{{column!r} = "null"}} reads the rest of such texts, with U+FFFD in '
    "place of the half.",
    "read moments as texts": 'column_types = {{{column!r} = "string"}} gives the texts as they are.',
    "give a condition": 'Give a condition as SQL, such as "Revenue > 10".',
}


def in_words_of_the_file(error: MstrError) -> None:
    """Have an error name keys of the file in place of arguments and calls of Python."""
    error.message = say_in_words(error.message, WORDS)
    error.hint = say_in_words(error.hint, WORDS) if error.hint else error.hint
