"""The SQL behind an object, without running it (wire reference, section 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import PermissionDenied
from mstr_arrow.http.subject import Subject
from mstr_arrow.instances.prompt_list import prepare_instance
from mstr_arrow.instances.prompting import Prompting
from mstr_arrow.responses import reading, text

if TYPE_CHECKING:
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp


async def sql_view(session: ProjectSession, source: Source) -> str:
    """Return the SQL of a cube, of a given instance, or of one that is prepared, its prompts answered, and not run.

    Errors: PermissionDenied; those of `Prompting.close`.
    """
    if not source.runs:
        return await _statement(session.http, f"v2/{source.object_path}", subject=None)
    if source.given is not None:
        return await _statement(session.http, f"{source.path}/{source.given}")
    prompting = Prompting(session.http, source.object_path, source.prompts)
    async with prepare_instance(session, source.object_id) as (instance_id, prompted):
        more = prompted
        while more:
            more = await prompting.close(instance_id)
        prompting.finish()
        return await _statement(session.http, f"{source.path}/{instance_id}")


async def _statement(http: ProjectHttp, place: str, *, subject: Subject | None = Subject.INSTANCE) -> str:
    """Ask for the SQL of an instance. GET …/sqlView."""
    try:
        return await http.read("GET", f"{place}/sqlView", _read_sql, subject=subject, wait="execute")
    except PermissionDenied as error:
        error.hint = "To see SQL takes the privilege for the SQL view, and access to the object; ask for them."
        raise


def _read_sql(response: Response) -> str:
    body = response.json()
    with reading(body, "an SQL view"):
        return text(body, "sqlStatement", longest=response.largest)
