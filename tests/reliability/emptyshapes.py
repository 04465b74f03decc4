"""The shapes in which servers tell that a result has no rows."""

import orjson

from mstr_arrow.simulator import Fault

NO_DATA = -2147213784


def rewritten(change):
    """Make a fault of a change to a page, which is left alone where it is none."""

    def rewrite(body):
        page = orjson.loads(body)
        if "data" in page:
            change(page)
        return orjson.dumps(page)

    return Fault.rewritten(rewrite)


def units(page):
    grid = page["definition"]["grid"]
    return [unit for axis in ("rows", "columns") for unit in grid[axis]]


def attributes(page):
    return [unit for unit in units(page) if unit["type"] == "attribute"]


def nothing(page):
    """Empty a page as the wire reference has it."""
    for unit in attributes(page):
        unit["elements"] = []
    width = len(page["data"]["headers"]["columns"])
    page["data"] |= {
        "paging": {"total": 0, "current": 0, "offset": 0, "limit": 1000},
        "headers": {"rows": [], "columns": page["data"]["headers"]["columns"] if width == 1 else [[]] * width},
        "metricValues": {"raw": [], "formatted": [], "extras": []},
    }


def without_elements(page):
    nothing(page)
    for unit in attributes(page):
        del unit["elements"]
    page["data"]["headers"] = {"rows": [[]], "columns": [[]]}
    page["data"]["metricValues"] = {"raw": [[]]}


def null_for_lists(page):
    nothing(page)
    for unit in attributes(page):
        unit["elements"] = None
    page["data"] |= {"headers": {"rows": None, "columns": None}, "metricValues": {"raw": None, "formatted": None}}
    page["data"]["paging"] = {"total": "0", "current": None, "offset": None}


def only_paging(page):
    page["data"] = {"paging": {"total": 0}}


def no_metrics(page):
    nothing(page)
    for unit in units(page):
        unit["elements"] = []


def no_forms(page):
    only_paging(page)
    for unit in attributes(page):
        unit["forms"], unit["elements"] = None, None


def no_axes(page):
    only_paging(page)
    page["definition"]["grid"] = {"crossTab": False}


def no_definition(page):
    for name in set(page) - {"instanceId", "status"}:
        del page[name]
    page["data"] = {"paging": {"total": "0"}}


def no_definition_and_no_instance(page):
    no_definition(page)
    del page["instanceId"], page["status"]


SHAPES = {
    **{
        change.__name__: rewritten(change)
        for change in (
            *(nothing, without_elements, null_for_lists, only_paging, no_metrics, no_forms, no_axes),
            *(no_definition, no_definition_and_no_instance),
        )
    },
    "error": Fault.error(500, iserver_code=NO_DATA, message="(no data returned)"),
    "error as a success": Fault.error(200, iserver_code=NO_DATA, message="(no data returned)"),
}
