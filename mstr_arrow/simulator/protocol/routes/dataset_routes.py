"""Datasets: definition, description, and data in a single request (Wire reference, sections 6.1, 6.2 and 6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.cubes import SUPER_CUBE
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.push.definition import read_model
from mstr_arrow.simulator.push.policies import REPLACE
from mstr_arrow.simulator.push.uploads import TableUpload, Upload, single_table
from mstr_arrow.simulator.responses import Refusal, Response, ok

if TYPE_CHECKING:
    from mstr_arrow.simulator.push.datasets import Dataset

_TABLE_TYPE = 15
_DATA_TYPE_NUMBERS = {
    "INTEGER": 1,
    "DOUBLE": 7,
    "DATE": 14,
    "TIME": 15,
    "DATETIME": 16,
    "BOOL": 24,
    "BIGDECIMAL": 30,
    "STRING": 33,
    "BIGINTEGER": 34,
}


def create(call: Call) -> Response:
    """Define a dataset, in the user's own folder unless the request names one."""
    body = call.json()
    model = read_model(body)
    dataset = call.server.datasets.create(model, folder_of(call, body.get("folderId")))
    return ok({"id": dataset.id, "name": model.name})


def create_with_data(call: Call) -> Response:
    """Define a dataset of one table and publish the data that come with the definition."""
    body = call.json()
    model = read_model(body)
    if len(model.tables) > 1:
        raise bad_request("A dataset that comes with its data has one table.")
    (table,) = model.tables.values()
    uploads = single_table(table, REPLACE, model)
    uploads[table.name].take_in(1, body["tables"][0].get("data"), keep=call.server.settings.keep_uploads)
    dataset = call.server.datasets.create(model, folder_of(call, body.get("folderId")), single=True)
    _publish(call, dataset, uploads)
    tables = [{"id": dataset.table_id(table.name), "name": table.name}]
    return ok({"id": dataset.id, "name": model.name, "tables": tables})


def change_table(call: Call) -> Response:
    """Publish new data of the table of a dataset that came with its data."""
    dataset = call.server.datasets.find(call.places["id"])
    if not dataset.single:
        raise bad_request("The dataset takes data through upload sessions only.")
    table = dataset.table(call.places["table"])
    uploads = single_table(table, call.headers.get("updatePolicy", ""), dataset.model)
    data = json_object(call.json()).get("data")
    uploads[table.name].take_in(1, data, keep=call.server.settings.keep_uploads)
    _publish(call, dataset, uploads)
    return Response(status=204)


def _publish(call: Call, dataset: Dataset, uploads: dict[str, TableUpload]) -> None:
    upload = Upload(id="", dataset=dataset, tables=uploads)
    settings = call.server.settings
    upload.prepare(keep=settings.keep_uploads, adding=settings.adding)
    if upload.publication is None:
        raise bad_request(upload.ending.message if upload.ending else "(The data cannot be published.)")
    call.server.datasets.publish(dataset, upload.publication)


def describe(call: Call) -> Response:
    """Describe the tables and columns of a dataset, both of them whatever ``fields`` asks for.

    mstrio-py asks for tables alone and then reads the columns.
    """
    cube = call.server.catalogue.cube(call.places["id"])
    if cube.subtype != SUPER_CUBE:
        raise Refusal(500, "ERR001", "(The object is not a dataset.)")
    dataset = call.server.datasets.get(cube.id)
    tables = [{"id": name, "name": name, "type": _TABLE_TYPE} for name in cube.tables]
    objects = {"tables": tables, "columns": []} if dataset is None else _objects(dataset)
    return ok({"id": cube.id, "name": cube.name, "result": {"definition": {"availableObjects": objects}}})


def folder_of(call: Call, folder_id: Any) -> tuple[str, ...]:
    """Give the path of a folder, of the user's My Reports where none is named; raise the server's 404."""
    catalogue = call.server.catalogue
    if not folder_id:
        return (*catalogue.personal(call.user_session.user), "My Reports")
    return catalogue.path(str(folder_id))


def _objects(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
    tables = dataset.model.tables.values()
    return {
        "tables": [{"id": dataset.table_id(t.name), "name": t.name, "type": _TABLE_TYPE} for t in tables],
        "columns": [
            {
                "tableId": dataset.table_id(table.name),
                "tableName": table.name,
                "columnId": dataset.column_id(table.name, column.name),
                "columnName": column.name,
                "dataType": _DATA_TYPE_NUMBERS[column.data_type],
                "precision": 0,
                "scale": 0,
            }
            for table in tables
            for column in table.columns
        ],
    }


ROUTES = (
    Route("POST", "/api/datasets/models", create),
    Route("POST", "/api/datasets", create_with_data),
    Route("PATCH", "/api/datasets/{id}/tables/{table}", change_table),
    Route("GET", "/api/datasets/{id}", describe),
)
