"""The command line's words for settings and calls: options, variables, keys of profiles, or other advice.

The keys are those of `mstr_arrow.wording`. What a command cannot come upon is listed too, so that nothing is
forgotten.
"""

from __future__ import annotations

from mstr_arrow.session.login_modes import TOKENS

WORDS = {
    # How to log in
    "connect.url": "--url",
    "connect.username": "--username",
    "connect.password": "--password-file",
    **{f"connect.{argument}": f"MSTR_{argument.upper()}" for argument in TOKENS},
    "connect.api_key": "--api-key-file",
    "connect.session": "--session",
    "Connection.save_session()": "Connection.save_session()",
    "connect.project": "--project",
    "SessionSettings.application_type": "--application-type",
    # The way to the server
    "Timeouts.connect": "--connect-timeout",
    "Timeouts.read": "--read-timeout",
    "Timeouts.execute": "--execute-timeout",
    "Timeouts.publish": "--publish-timeout",
    "Timeouts.total": "--total-timeout",
    "Proxy.url": "--proxy",
    "Proxy.username": "--proxy-username",
    "Proxy.password": "MSTR_PROXY_PASSWORD",
    "Network.proxy=Proxy(url, username=…, password=…)": "MSTR_PROXY",
    "Network.no_proxy": "--no-proxy",
    "Network.no_proxy=…": "--no-proxy",
    "Network.connections": "--connections",
    "correct the proxy variable": "Correct it, or unset the variable.",
    "Tls.ca_file": "--ca-file",
    "Tls.ca_file=…": "--ca-file",
    "Tls.system_store": "--system-store",
    "Tls.system_store=True": "--system-store",
    "Tls.cert_file": "--cert-file",
    "Tls.cert_file=…": "--cert-file",
    "Tls.key_file": "--key-file",
    "Tls.key_password": "MSTR_KEY_PASSWORD",
    "give the key's password": "Give it as MSTR_KEY_PASSWORD or the profile's key-password.",
    "Tls.verify=False": "--insecure",
    "silence the warning": "Where this is meant, PYTHONWARNINGS=ignore silences it.",
    # Where secrets are kept
    "secrets.aws_secret.region": 'region = "…"',
    "secrets.azure_secret.vault_url": "vault",
    "secrets.file.shared=True": "shared = true in its table",
    "choose a field": 'Choose a field by key = "…" in its table.',
    "one parameter of AWS": 'Check path and region; one parameter by itself is {{aws-parameter = "…"}}.',
    "reach AWS": "Can AWS be reached from here?",
    "reach Google Cloud": "Can Google Cloud be reached from here?",
    "reach the vault": "Can the vault be reached from here?",
    "set the variable": "Set it.",
    "store in the keyring": "Store it by mstr-arrow login. By hand: keyring set {service} {username}",
    # How much is read at once
    "Limits.page_rows": "--page-rows",
    "Limits.page_bytes": "--page-bytes",
    "Limits.buffer_bytes": "--buffer-bytes",
    "Limits.concurrency": "--concurrency",
    "Limits.polite": "--polite",
    "Scan.with_options.deadline": "--deadline",
    # Folders of parts
    "Scan.write_parquet.overwrite=True": "--overwrite",
    "Scan.write_parquet.part_bytes": "--part-bytes",
    "Scan.extract.overwrite=True": "--overwrite",
    'Scan.extract.on_change="restart"': "--on-change restart",
    'Scan.extract.schema_mode="add"': "--schema-mode add",
    'Scan.extract.schema_mode="replace"': "--schema-mode replace",
    'Scan.extract.verify="checksums"': "--verify checksums",
    'Scan.with_options.consistency="likely"': "--consistency likely",
    'Scan.with_options.consistency="proven"': "--consistency proven",
    "Scan.with_options.total_order=True": "--resume",
    "read without an order": "Leave --resume away.",
    "be the same user": "Log in as that user, or remove that to start again.",
    "ask for the same": "Ask for the same, or remove that to start again.",
    "start the extraction again": "Remove it to start again.",
    "read in no total order": "Leave --resume away.",
    "asks for another order": "--sort and --head ask for another",
    # The question
    "Scan.aggregate()": "--aggregate",
    "Scan.filter()": "--where",
    "Scan.sort()": "--sort",
    "Scan.head()": "--head",
    "Scan.select()": "--columns",
    "Scan.since()": "--since",
    "Scan.write_parquet.partition_by": "--partition-by",
    "Scan.write_parquet.mode": "--mode",
    "Scan.since.overlap": "--overlap",
    "add up afterwards": "Have rows added up here: mstr-arrow sql 'select …, sum(…) from … group by …'",
    "install sqlglot": "pip install 'mstr-arrow[cli]'.",
    "ColumnReference.is_null()": "IS NULL",
    "ColumnReference.is_not_null()": "IS NOT NULL",
    "Report.pages()": "mstr-arrow pages",
    "Report.page_by()": "--page",
    "Report.expand_pages()": "--all-pages",
    "Scan.with_options.layout": "--layout",
    'Scan.with_options.layout="grid"': "--layout grid",
    "Scan.with_options.types": "--column-type",
    "Scan.with_options.on_bad_value": "--on-bad-value",
    "Scan.with_options.forms": "--forms",
    "Scan.with_options.forms='all'": "--forms all",
    "compare by the server's clock": "Give it by the clock of the server, which is {utc!r} if that shows UTC; or "
    "say that the column is in UTC: --column-type '{name}=timestamp[us, tz=UTC]'.",
    "give a condition": "Give a condition as SQL, such as 'Revenue > 10'.",
    "prompts.default()": "--prompt NAME",
    # Subscriptions
    "Subscription.status()": "mstr-arrow subscriptions show",
    "Connection.subscriptions()": "mstr-arrow subscriptions ls",
    "User.addresses()": "mstr-arrow users --addresses",
    "give the user an address": "A user without an address for {mode} is none: the administrator adds one, or they "
    "do so in their preferences.",
    # What is written
    "Connection.write()": "mstr-arrow push",
    "Connection.write.mode='replace'": "--mode replace",
    "Connection.write.schema_mode='add'": "--schema-mode add",
    "Connection.write.chunk_bytes": "--chunk-bytes",
    "Connection.write.attributes": "--attribute",
    "Connection.write.verify": "--verify",
    "look at the rows": "Compare what the cube shows with what was sent before you write again: mstr-arrow fetch "
    "with --row-counts reads the rows of each table, too. What is added once more may be there twice.",
    "end the lost upload session": "Such a one ends with its session, as that of this command has: try again.",
    # What came
    "look at the response": "Try again. If it recurs, something in front of the server may reply in its place, or "
    "this server's responses have a form that is not known yet: please report one, as conn.request() shows it.",
    # Objects and their columns
    "go to the project": "Add --project {name!r}.",
    "it is a report": "Leave --type cube away, or say --type report.",
    "it is a data model": "It has neither prompts nor pages; mstr-arrow fetch and sql read it, without --type.",
    "refresh it as a data model": "Refresh it by mstr-arrow refresh.",
    "Connection.data_model.parameters": "--parameter",
    "Connection.data_model.instance_id": "instance_id",
    "it is a cube": "It has neither prompts nor pages; mstr-arrow fetch and sql read it, without --type.",
    "list the folder": "mstr-arrow ls lists cubes and reports, with the folders that they are in.",
    "say the kind": "Give the id or the path, or say which: --type cube, report or 'data model'.",
    "type the column": "Choose a type that holds it: --column-type '{column}=string' takes any value; "
    "--on-bad-value '{column}=null' makes null of such values.",
    "read half a character": "--on-bad-value '{column}=null' reads the rest of such texts, with U+FFFD in place of "
    "the half.",
    "read moments as texts": "--column-type '{column}=string' gives the texts as they are.",
    "type each column": "Say it: --column-type COLUMN=TYPE for each.",
    "write into a store": "Write a file here and copy it. Data go by URI into s3://, gs://, az:// and abfss://, "
    "as in -o s3://bucket/sales.parquet.",
    "read from a store": "Copy it here first; or have DuckDB read it: push --query, or a query of mstr-arrow sql, "
    "with install httpfs; load httpfs; before its select.",
    "query the folder": "A folder is a table in Parquet parts. For folders of other things there is --query.",
}

NOT_HERE = frozenset(
    {
        *("connect.login_mode=16", "Connection.report.instance_id"),
        *("col()", "col('Revenue')", "prompts.empty()", "prompts.expression()", "Scan.lazy()", "Scan.top()"),
        *("Scan.filter_sql()", "Scan.sort.descending=True"),
        *("SuperCube.create()", "SuperCube.create.force=True", "SuperCube.name=…"),
        *("SuperCube.update()", "SuperCube.update.auto_publish=False", "SuperCube.update.resume"),
        "SuperCube.update.resume=error.resume",
        *("Timeouts.logout", "Network.proxy", "Network.trust_env", "Tls.ca_folder", "Tls.verify"),
        *("Retry.attempts", "Retry.seconds", "Retry.wait_initial", "Retry.wait_max"),
        *("Limits.page_seconds", "Limits.min_page_rows", "Limits.first_page_rows", "Limits.max_concurrency"),
        *("Limits.decode_threads", "SessionSettings.application_id", "SessionSettings.working_set"),
        *("SessionSettings.max_search", "SessionSettings.metadata_locale", "SessionSettings.data_locale"),
        *("Settings.timeouts", "Settings.retry", "Settings.tls", "Settings.network", "Settings.limits"),
        *("Settings.session", "Settings.on_event"),
    }
)
"""Names that no command sets or calls, so that no error of one names them."""
