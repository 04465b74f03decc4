"""Every endpoint that the package calls, with a call of it: what an answer may be is tried at each."""

from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import polars as pl

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator
from tests.support.servers import connect_to

CUBE = "Sales Cube"
WHOLE, PAGES = ma.Limits(concurrency=1), ma.Limits(page_rows=70, concurrency=1)
FRAME = pl.DataFrame({"key": ["a", "b"], "n": [1, 2]})
MODEL = "Retail Model"
REFRESHED = "Pushed Before"
NUMBERS = count()
MADE = {"Made", "Asking", "Given"}
"""Names of the subscriptions that calls make."""


@contextmanager
def serving():
    """Run a server with what the calls need."""
    with Simulator(rows=180, publish_polls=0, encode_once=True, cache_seconds=0.05) as server:
        with connect_to(server, project=server.project) as connection:
            connection.write(REFRESHED, FRAME)
        yield server


class Endpoint(NamedTuple):
    """A request, and a call with the connection that leads to it."""

    method: str
    path: str
    call: object


def pushed(connection):
    """Write to a dataset that the call deletes again."""
    cube = ma.SuperCube(connection, f"Pushed {next(NUMBERS)}")
    cube.add_table("rows", FRAME)
    cube.create()
    cube.delete()


def certify(connection):
    ma.SuperCube(connection, id=connection.find(REFRESHED).id).certify()


def subscribe(connection):
    """Make a subscription that the call deletes again."""
    made = connection.subscribe(
        "Made", [(connection.find(CUBE).id, "cube")], "Every Morning", "demo", ma.delivery.HistoryList()
    )
    made.delete()


def send_answers(connection):
    """Send a subscription with answers, and delete it."""
    history = ma.delivery.HistoryList()
    made = connection.subscribe("Asking", "Prompted Twice", "Every Morning", connection.user(), history)
    try:
        made.send(answers={"Year": 2024})
        made.wait()
    finally:
        made.delete()


def subscriptions(connection):
    """List those that were there before; what a call made and never learned of stays."""
    return [each for each in connection.subscriptions() if each.name not in MADE]


def change(connection):
    phone = connection.subscription("On My Phone")
    phone.update(name="On My Phone").pause().resume()


def address(connection):
    """Give the user an address, change it, and take it away again."""
    user = connection.user()
    made = user.add_address("Office", "demo@example.com")
    user.delete_address(user.update_address(made, name="Home"))


def give(connection):
    """Make a subscription, give it to somebody else, and delete it."""
    history = ma.delivery.HistoryList()
    made = connection.subscribe("Given", [(connection.find(CUBE).id, "cube")], "Every Morning", "demo", history)
    try:
        made.update(owner="annl")
    finally:
        made.delete()


def search(connection):
    return connection.search("S*", complete=True)


def read_pages(connection):
    return connection.cube(CUBE, limits=PAGES).to_arrow()


def refresh_model(connection):
    return connection.data_model(MODEL).refresh(timeout=2).proof


def refresh(connection):
    return connection.cube(CUBE).refresh(timeout=2).proof


def changed(connection):
    """Change a cache twice, so that it is as it was."""
    cache = connection.caches(CUBE)[0]
    return cache.unload().loaded, cache.load().loaded


def deleted(connection):
    """Delete the cache of a cube, and have it again."""
    connection.caches(CUBE)[0].delete()
    return refresh(connection)


ENDPOINTS = {
    "projects": Endpoint("GET", r"/api/projects$", lambda conn: conn.projects()),
    "session": Endpoint("GET", r"/api/sessions$", lambda conn: conn.session_info()),
    "extend": Endpoint("PUT", r"/api/sessions$", lambda conn: conn.extend_session()),
    "user": Endpoint("GET", r"/sessions/userInfo$", lambda conn: conn.user_info()),
    "status": Endpoint("GET", r"/api/status$", lambda conn: conn.status()),
    "identity token": Endpoint("POST", r"/auth/identityToken$", lambda conn: conn.identity_token()),
    "API token": Endpoint("POST", r"/auth/apiTokens$", lambda conn: conn.create_api_token()),
    "index": Endpoint("GET", r"/searches/results$", lambda conn: conn.objects("*sales*")),
    "metadata search": Endpoint("POST", r"/metadataSearches/results$", search),
    "what was found": Endpoint("GET", r"/metadataSearches/results$", search),
    "root": Endpoint("GET", r"/api/folders$", lambda conn: conn.contents()),
    "folder": Endpoint("GET", r"/api/folders/\w+$", lambda conn: conn.contents("/Public Objects")),
    "object": Endpoint("GET", r"/api/objects/\w+$", lambda conn: conn.report("Plain Report").info),
    "cube": Endpoint("GET", r"/v2/cubes/\w+$", lambda conn: conn.cube(CUBE)),
    "cube info": Endpoint("GET", r"/api/cubes$", lambda conn: conn.cube(CUBE).info),
    "cube elements": Endpoint("GET", r"/cubes/\w+/attributes/", lambda conn: conn.cube(CUBE).elements("Region")),
    "cube SQL": Endpoint("GET", r"/v2/cubes/\w+/sqlView$", lambda conn: conn.cube(CUBE).sql_view()),
    "instance": Endpoint("POST", r"/v2/cubes/\w+/instances$", read_pages),
    "page": Endpoint("GET", r"/v2/cubes/\w+/instances/\w+$", read_pages),
    "report": Endpoint("GET", r"/v2/reports/\w+$", lambda conn: conn.report("Plain Report")),
    "run": Endpoint("POST", r"/v2/reports/\w+/instances$", lambda conn: conn.report("Plain Report").to_arrow()),
    "how far": Endpoint("GET", r"/instances/\w+/status$", lambda conn: conn.report("Plain Report").to_arrow()),
    "report page": Endpoint(
        "GET",
        r"/v2/reports/\w+/instances/\w+$",
        lambda conn: conn.report("Plain Report", limits=ma.Limits(page_rows=70)).to_arrow(),
    ),
    "change": Endpoint(
        "PUT", r"/v2/reports/\w+/instances/\w+$", lambda conn: conn.report("Report With Subtotals").to_arrow()
    ),
    "report elements": Endpoint(
        "GET", r"/reports/\w+/attributes/", lambda conn: conn.report("Plain Report").elements("Region")
    ),
    "report SQL": Endpoint("GET", r"/instances/\w+/sqlView$", lambda conn: conn.report("Plain Report").sql_view()),
    "page-by": Endpoint("GET", r"/pageBy/elements$", lambda conn: conn.report("Paged").pages()),
    "prompts": Endpoint("GET", r"/reports/\w+/prompts$", lambda conn: len(conn.report("Prompted Value").prompts)),
    "open prompts": Endpoint(
        "GET", r"/instances/\w+/prompts$", lambda conn: len(conn.report("Prompted Elements").prompts)
    ),
    "answers": Endpoint(
        "PUT", r"/prompts/answers$", lambda conn: conn.report("Prompted Twice").prompts(Year=2024).to_arrow()
    ),
    "elements of a prompt": Endpoint(
        "GET", r"/prompts/[^/]+/elements$", lambda conn: conn.report("Prompted Elements").prompts.choices("Year")
    ),
    "objects of a prompt": Endpoint(
        "GET", r"/prompts/[^/]+/objects$", lambda conn: conn.report("Prompted Objects").prompts.choices("Metrics")
    ),
    "My Reports": Endpoint("GET", r"/folders/preDefined/20$", lambda conn: conn.write(REFRESHED, FRAME)),
    "model": Endpoint("POST", r"/datasets/models$", pushed),
    "upload session": Endpoint("POST", r"/uploadSessions$", pushed),
    "chunk": Endpoint("PUT", r"/uploadSessions/\w+$", pushed),
    "publication": Endpoint("POST", r"/publish$", pushed),
    "publish status": Endpoint("GET", r"/publishStatus$", pushed),
    "dataset": Endpoint("GET", r"/api/datasets/\w+$", lambda conn: conn.write(REFRESHED, FRAME)),
    "certificate": Endpoint("PUT", r"/certify$", certify),
    "users": Endpoint("GET", r"/api/users$", lambda conn: conn.users("ann*")),
    "one user": Endpoint("GET", r"/api/users/\w+$", lambda conn: conn.user(conn.user().id)),
    "groups": Endpoint("GET", r"/api/usergroups$", lambda conn: conn.user_groups()),
    "addresses": Endpoint("GET", r"/v2/users/\w+/addresses$", lambda conn: conn.user("annl").addresses()),
    "new address": Endpoint("POST", r"/v2/users/\w+/addresses$", address),
    "changed address": Endpoint("PUT", r"/v2/users/\w+/addresses/\w+$", address),
    "deleted address": Endpoint("DELETE", r"/users/\w+/addresses/\w+$", address),
    "schedules": Endpoint("GET", r"/api/schedules$", lambda conn: conn.schedules()),
    "subscriptions": Endpoint("GET", r"/api/subscriptions$", subscriptions),
    "recipients": Endpoint("POST", r"/recipients/results$", subscribe),
    "new subscription": Endpoint("POST", r"/api/subscriptions$", subscribe),
    "deleted subscription": Endpoint("DELETE", r"/api/subscriptions/\w+$", subscribe),
    "one subscription": Endpoint("GET", r"/api/subscriptions/\w+$", change),
    "changed subscription": Endpoint("PUT", r"/api/subscriptions/\w+$", change),
    "owner of a subscription": Endpoint("PATCH", r"/subscriptions/\w+/owner$", give),
    "paused subscription": Endpoint("PATCH", r"/api/subscriptions/\w+$", change),
    "instance of a content": Endpoint("POST", r"/content/\w+/instances$", send_answers),
    "sent": Endpoint("POST", r"/v2/subscriptions/\w+/send$", send_answers),
    "status of a subscription": Endpoint("GET", r"/subscriptions/\w+/status$", send_answers),
    "deletion": Endpoint("DELETE", r"/api/objects/\w+$", pushed),
    "refresh": Endpoint("POST", r"/v2/cubes/\w+$", refresh),
    "tables of a data model": Endpoint(
        "GET", r"/model/dataModels/\w+/tables$", lambda conn: conn.data_model(MODEL).tables()
    ),
    "parameters of a data model": Endpoint(
        "GET", r"/model/dataModels/\w+/parameters$", lambda conn: conn.data_model(MODEL).parameters()
    ),
    "instance of a data model": Endpoint("POST", r"/dataModels/\w+/instances$", refresh_model),
    "nodes": Endpoint("GET", r"/monitors/iServer/nodes$", lambda conn: len(conn.caches())),
    "caches": Endpoint("GET", r"/monitors/caches/cubes$", lambda conn: len(conn.caches())),
    "cache": Endpoint("GET", r"/caches/cubes/[^/]+$", changed),
    "change of a cache": Endpoint("PATCH", r"/caches/cubes/[^/]+$", changed),
    "how far a change is": Endpoint("GET", r"/manipulations/\w+/status$", changed),
    "deletion of a cache": Endpoint("DELETE", r"/caches/cubes/[^/]+$", deleted),
}
"""By name, with the last path of `REFRESHED` there before."""

SILENT = {
    "settings of the project": Endpoint("GET", r"/projects/\w+/settings$", None),
    "log-out": Endpoint("POST", r"/auth/logout$", None),
    "jobs": Endpoint("GET", r"/monitors/jobs$", None),
    "cube status": Endpoint("HEAD", r"/api/cubes/\w+$", None),
    "how far a job is": Endpoint("GET", r"/monitors/jobs/[^/]+$", None),
    "job": Endpoint("DELETE", r"/monitors/jobs/[^/]+$", None),
    "deleted upload session": Endpoint("DELETE", r"/uploadSessions/\w+$", None),
}
"""Endpoints whose errors nobody is told: what they are asked for is done as well as can be, or in another way."""
