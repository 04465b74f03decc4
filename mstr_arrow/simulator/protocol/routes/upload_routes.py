"""Upload sessions: chunks, publication and its status (Wire reference, sections 6.3 to 6.5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.faults.effects import PublishEnd
from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.push.uploads import Upload, read_tables
from mstr_arrow.simulator.responses import Refusal, Response, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.push.policies import Adding

_SESSION = "/api/datasets/{id}/uploadSessions/{upload}"


def open_session(call: Call) -> Response:
    """Open an upload session; a dataset has one at a time, of all log-ins or of each."""
    server = call.server
    dataset = server.datasets.find(call.places["id"])
    tables = read_tables(call.json(), dataset.model, column_orientation=server.settings.column_orientation)
    of_this_log_in = server.settings.uploads_per == "session"
    others = call.user_session.uploads.values() if of_this_log_in else server.sessions.uploads()
    if any(upload.dataset is dataset and upload.busy for upload in others):
        raise Refusal(409, "ERR006", f"(The dataset '{dataset.model.name}' has an open upload session.)")
    upload = Upload(id=object_id("upload", dataset.id, str(server.arrived)), dataset=dataset, tables=tables)
    call.user_session.uploads[upload.id] = upload
    return ok({"uploadSessionId": upload.id})


def put_chunk(call: Call) -> Callable[[], Response]:
    """Take a chunk in."""
    return partial(_take_in, call, _upload(call))


def publish(call: Call) -> Callable[[], Response]:
    """Begin to publish what was sent."""
    upload = _upload(call)
    upload.start(polls=call.server.settings.publish_polls, ending=call.effect_of(PublishEnd))
    settings = call.server.settings
    return partial(_prepare, upload, keep=settings.keep_uploads, adding=settings.adding)


def tell_publish_status(call: Call) -> Response:
    """Tell how far a publication is; the last poll of a running one lets it take effect."""
    upload = _upload(call)
    if upload.poll() and upload.publication is not None:
        call.server.datasets.publish(upload.dataset, upload.publication)
        upload.clear()
    text = call.server.settings.publish_status_text
    status = str(upload.status) if text else upload.status
    return ok({"uploadSessionId": upload.id, "status": status, "message": upload.message})


def delete_session(call: Call) -> Response:
    """Give an upload session up, with all that was sent and not yet published."""
    del call.user_session.uploads[_upload(call).id]
    return Response()


def _upload(call: Call) -> Upload:
    dataset = call.server.datasets.find(call.places["id"])
    upload = call.user_session.uploads.get(call.places["upload"])
    if upload is None or upload.dataset is not dataset:
        raise Refusal(404, "ERR004", f"(The upload session '{call.places['upload']}' was not found.)")
    return upload


def _take_in(call: Call, upload: Upload) -> Response:
    body = json_object(call.json())
    name, index = body.get("tableName"), _index(body.get("index"))
    chunk = upload.table(name).take_in(index, body.get("data"), keep=call.server.settings.keep_uploads)
    call.server.chunks_received.append((upload.dataset.id, str(name), index, chunk.rows, chunk.bytes))
    return Response(rows=chunk.rows)


def _index(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if type(number) is not int or number < 1:
        raise bad_request(f"The index of a chunk is a whole number from 1 on, not {value!r}.")
    return number


def _prepare(upload: Upload, *, keep: bool, adding: Adding) -> Response:
    upload.prepare(keep=keep, adding=adding)
    return Response()


ROUTES = (
    Route("POST", "/api/datasets/{id}/uploadSessions", open_session),
    Route("PUT", _SESSION, put_chunk),
    Route("DELETE", _SESSION, delete_session),
    Route("POST", f"{_SESSION}/publish", publish),
    Route("GET", f"{_SESSION}/publishStatus", tell_publish_status),
)
