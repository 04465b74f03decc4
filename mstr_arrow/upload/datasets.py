"""Datasets made through REST: found, read, certified, deleted. Wire reference, sections 6.2, 6.6 and 6.7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.catalog.find import find
from mstr_arrow.catalog.folders import MY_REPORTS, contents
from mstr_arrow.catalog.object_info import REPORT_DEFINITION, SUBTYPES
from mstr_arrow.errors import NotFound, NotPublished, ServerError, UsageError
from mstr_arrow.grid.definition import read_definition
from mstr_arrow.responses import identity, items, reading
from mstr_arrow.session.project import OBJECT_ID
from mstr_arrow.upload.existing import read_dataset

if TYPE_CHECKING:
    from mstr_arrow.grid.definition import Definition
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.existing import Dataset

SUPER_CUBE = 779

_NO_DATASET = {"ERR001", "ERR004"}
"""The server's words for a cube that was not made through REST, and for one that is not there."""


async def find_dataset(http: ProjectHttp, name: str, folder: str) -> str | None:
    """Return the id of the dataset of that name in a folder, "" for "My Reports"; None where there is none.

    The folder's own listing is asked, not the search, whose index lags behind. UsageError where something else has
    the name, or two have it.
    """
    found = [
        item
        for item in await contents(http, folder or MY_REPORTS)
        if item.get("type") == REPORT_DEFINITION and item.get("name", "").casefold() == name.casefold()
    ]
    if len(found) > 1:
        each = ", ".join(f"{item['id']} {item['name']!r}" for item in found)
        raise UsageError(f"{len(found)} objects in the folder are named {name!r}: {each}.", hint="Give the id.")
    if found and found[0].get("subtype") != SUPER_CUBE:
        what = next((kind for kind, of in SUBTYPES.items() if found[0].get("subtype") in of), "object")
        raise UsageError(
            f"{name!r} in that folder is a {what} that was not made through REST ({found[0]['id']}).",
            hint="Choose another name or folder.",
        )
    return found[0]["id"] if found else None


async def read(http: ProjectHttp, dataset_id: str) -> tuple[Dataset, Definition | None]:
    """Return a dataset's tables and its cube's attributes and metrics, None where it was never published.

    GET /api/datasets/{id} and GET /api/v2/cubes/{id}. UsageError for a cube that was not made through REST, which
    the server cannot update; NotFound for an id that is no cube's.
    """
    if not OBJECT_ID.fullmatch(dataset_id):
        raise UsageError(f"{dataset_id!r} is no id.", hint="An id has 32 hexadecimal digits.")
    try:
        dataset = await http.read(
            "GET",
            f"datasets/{dataset_id}",
            lambda response: read_dataset(response.json()),
            params={"fields": "tables,columns"},
            safe=False,
        )
    except ServerError as error:
        if error.code not in _NO_DATASET or type(error) not in {ServerError, NotFound}:
            raise
        info = await find(http, dataset_id, "cube")
        raise UsageError(
            f"the cube {info.name!r} ({info.id}) was not made through REST, so the server cannot update it.",
            hint="Write to another name; the server keeps the old cube as it is.",
        ) from error
    try:
        definition = await fetch_cube(http, dataset_id)
    except NotPublished:
        return dataset, None
    return dataset, definition.without_row_counts(dataset.tables)


async def fetch_cube(http: ProjectHttp, dataset_id: str) -> Definition:
    """Return the attributes and metrics of a dataset's cube. GET /api/v2/cubes/{id}; errors: NotPublished."""
    return await http.read("GET", f"v2/cubes/{dataset_id}", lambda response: read_definition(response.json()))


async def folder_of(http: ProjectHttp, dataset_id: str) -> str:
    """Return the id of the folder that a dataset is in. GET /api/objects/{id}?type=3."""

    def read_folder(response: Response) -> str:
        body = response.json()
        with reading(body, "a description of a dataset in a folder"):
            return identity(items(body["ancestors"])[-1], "id")

    return await http.read("GET", f"objects/{dataset_id}", read_folder, params={"type": REPORT_DEFINITION})


async def delete(http: ProjectHttp, dataset_id: str) -> None:
    """Delete a dataset and its cube. DELETE /api/objects/{id}?type=3."""
    await http.request("DELETE", f"objects/{dataset_id}", params={"type": REPORT_DEFINITION})
