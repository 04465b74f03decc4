"""Data models: refreshed in five steps, and their parameters (Wire reference, sections 7.3 and 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.faults.effects import PublishEnd
from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.execution import change, find_instance, wait_for_end
from mstr_arrow.simulator.responses import BEING_PUBLISHED, Refusal, Response, ok
from mstr_arrow.simulator.state.refreshes import COMPARED, ERROR, RESERVED, Refresh

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.data_models import DataModel
    from mstr_arrow.simulator.state.instances import Instance
    from mstr_arrow.simulator.state.refreshes import ModelInstance

INSTANCE = "X-MSTR-DataModelInstanceId"
POLICIES = {"replace", "add", "update", "upsert", "delete", "ignore", "reserved"}
_MATERIALISATION_FAILED = -2147418587
_NUMBERS = {RESERVED: 5, COMPARED: 6}


def create_instance(call: Call) -> Response:
    """Make an instance, whose id is told in a header only."""
    model = _model(call)
    made = call.server.refreshes.open(
        object_id("model instance", model.id, str(call.server.arrived)), model, call.user_session.token
    )
    return Response(status=204, headers={INSTANCE: made.id})


def delete_instance(call: Call) -> Response:
    """Delete an instance, and end what it publishes."""
    server = call.server
    cancel = server.jobs.cancel if server.settings.model_delete_cancels else None
    server.refreshes.close(_instance(call, call.places["instance"]), cancel)
    return Response(status=204)


def publish(call: Call) -> Response:
    """Begin to load tables; raise the server's refusal of what is no list of tables and policies."""
    instance, server = _instance(call, call.headers.get(INSTANCE)), call.server
    model = instance.model
    if model.serve_mode == "connect_live":
        raise Refusal(400, "ERR006", f"(The data model '{model.cube.name}' is in connect_live mode.)")
    listed = json_object(call.json()).get("tables")
    if not isinstance(listed, list) or not listed:
        raise bad_request("tableRefreshSettings cannot be null")
    policies = {model.table(json_object(item).get("id")).id: str(item.get("refreshPolicy")) for item in listed}
    if unknown := next((policy for policy in policies.values() if policy not in POLICIES), None):
        raise bad_request(f"The refresh policy '{unknown}' is not known.")
    job = server.jobs.start(
        (model.id, model.cube.name),
        session=call.user_session.token,
        user=call.user_session.user,
        seconds=server.settings.model_seconds,
    )
    polls = server.settings.publish_polls
    refresh = Refresh(model=model, policies=policies, job=job, ending=call.effect_of(PublishEnd), polls=polls)
    server.refreshes.start(instance, refresh)
    return Response(status=204)


def tell_publish_status(call: Call) -> Response:
    """Tell how far a publication is, as servers of this generation do."""
    instance = _instance(call, call.headers.get(INSTANCE))
    if instance.loser is not None:
        message = f"(The cube is being published by job {instance.loser.job.number}.)"
        raise Refusal(500, "ERR001", message, iserver_code=BEING_PUBLISHED)
    states, done = call.server.settings.model_table_states, call.server.settings.model_done_status
    refresh = instance.refresh
    if refresh is None:
        return _tell(5, dict.fromkeys((table.id for table in instance.model.tables), RESERVED), states)
    if refresh.outcome == "running" or (refresh.polls > 0 and refresh.outcome == "loaded"):
        refresh.polls -= 1
        stage = RESERVED if refresh.polls > 0 else refresh.stage
        return _tell(_NUMBERS[stage], dict.fromkeys(refresh.policies, stage), states)
    if refresh.outcome == "loaded":
        return _tell(done, dict.fromkeys(refresh.policies, states), states)
    status = refresh.ending.status if refresh.ending is not None else -2147072488
    message = refresh.ending.message if refresh.ending is not None else "(Job canceled by user request.)"
    code = status if status is not None and status < 0 else _MATERIALISATION_FAILED
    return _tell(
        code if states == "none" or code == status else 1,
        dict.fromkeys(refresh.policies, ERROR),
        states,
        error={"errorCode": code, "errorMessage": message},
    )


def list_tables(call: Call) -> Response:
    """List a part of the tables of a model."""
    found = _model(call).tables
    offset, limit = call.integer("offset", 0), call.integer("limit", -1)
    part = found[offset:] if limit < 0 else found[offset : offset + limit]
    listed = [
        {"information": {"objectId": table.id, "name": table.name, "subType": "logical_table", "acg": 255}}
        for table in part
    ]
    return ok({"offset": offset, "limit": limit, "total": len(found), "tables": listed})


def describe(call: Call) -> Response:
    """Describe a model."""
    model = _model(call)
    about = {"objectId": model.id, "name": model.cube.name, "subType": "report_emma_cube"}
    return ok({"information": about, "dataServeMode": model.serve_mode})


def list_parameters(call: Call) -> Response:
    """List the parameters of a model."""
    model = _model(call)
    _check_parameters(call)
    return ok({"total": len(model.parameters), "parameters": [each.describe() for each in model.parameters]})


def list_values(call: Call) -> Response:
    """Tell the values that the parameters have in an instance."""
    instance = find_instance(call)
    _check_parameters(call)
    return ok({"parameters": _values(call, instance)})


async def change_values(call: Call) -> Response:
    """Set parameters of an instance, all or nothing; null unsets."""
    instance = find_instance(call)
    _check_parameters(call)
    model, body = _model(call), json_object(instance.body)
    changed = model.values(json_object(call.json()).get("parameters"), model.values(body.get("parameters")))
    await wait_for_end(instance)
    listed = [{"id": key, "value": value} for key, value in changed.items()]
    await change(call, instance, body | {"parameters": listed})
    return ok({"parameters": _values(call, instance)})


def _values(call: Call, instance: Instance) -> list[dict[str, Any]]:
    model = _model(call)
    given = model.values(json_object(instance.body).get("parameters"))
    return [
        {"id": each.id, "name": each.name, "value": given.get(each.id, each.default)} for each in model.parameters
    ]


def _model(call: Call) -> DataModel:
    if not call.server.settings.data_models:
        raise Refusal(404, "ERR004", "HTTP 404 Not Found")
    return call.server.catalogue.data_model(call.places["id"])


def _check_parameters(call: Call) -> None:
    if not call.server.settings.model_parameters:
        raise Refusal(404, "ERR004", "HTTP 404 Not Found")


def _instance(call: Call, instance_id: str | None) -> ModelInstance:
    return call.server.refreshes.find(instance_id, _model(call), call.user_session.token)


def _tell(
    status: int | None, found: dict[str, str], states: str, *, error: dict[str, Any] | None = None
) -> Response:
    """Answer with the state of each table, or of all in one number where the server tells no tables."""
    if states == "none":
        return ok({"status": 1 if status in _NUMBERS.values() else status})
    listed = [{"id": key, "status": state, **(error or {})} for key, state in found.items()]
    return Response(body=orjson.dumps({"status": status, "tables": listed}))


_RUNTIME, _DEFINITION = "/api/dataModels/{id}", "/api/model/dataModels/{id}"
_PARAMETERS = "/api/v2/cubes/{id}/instances/{instance}/parameters"

ROUTES = (
    Route("POST", f"{_RUNTIME}/instances", create_instance),
    Route("DELETE", f"{_RUNTIME}/instances/{{instance}}", delete_instance),
    Route("POST", f"{_RUNTIME}/publish", publish),
    Route("GET", f"{_RUNTIME}/publishStatus", tell_publish_status),
    Route("GET", _DEFINITION, describe),
    Route("GET", f"{_DEFINITION}/tables", list_tables),
    Route("GET", f"{_DEFINITION}/parameters", list_parameters),
    Route("GET", _PARAMETERS, list_values),
    Route("PATCH", _PARAMETERS, change_values),
)
