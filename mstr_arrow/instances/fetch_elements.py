"""The elements of an attribute, as the server lists them (Wire reference, section 4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.grid.document import Form
from mstr_arrow.grid.elements import form_texts
from mstr_arrow.instances.page_request import ask_halving
from mstr_arrow.query.element_lookup import Element
from mstr_arrow.responses import items, reading, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.grid.schema import Column
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.project_http import ProjectHttp

PAGE = 10_000
"""Elements asked for at a time."""


async def fetch_elements(
    http: ProjectHttp, source: Source, forms: Sequence[Column], *, at_most: int | None = None
) -> list[Element] | None:
    """List the elements of the attribute that these columns are the forms of; None for more than ``at_most``.

    GET …/attributes/{id}/elements, page by page; half as many at a time where the server runs out of time.
    Errors: DataMismatch where it counts others than it lists.
    """
    path = f"{source.object_path}/attributes/{forms[0].object_id}/elements"
    form_ids = ",".join(str(form.form_id) for form in forms)
    found: list[Element] = []
    total: int | None = None
    page = PAGE

    def read(response: Response) -> tuple[list[Element], int | None]:
        body = response.json()
        with reading(body, f"a list of elements of {forms[0].name!r}"):
            found_here = items(body["elements"] if _is_wrapped(body) else body)
        listed = [_element(item, forms) for item in found_here]
        return listed, whole_number(response.headers.get("x-mstr-total-count"))

    async def ask(limit: int) -> tuple[list[Element], int | None]:
        params = {"offset": len(found), "limit": limit, "baseFormIds": form_ids}
        return await http.read("GET", path, read, params=params)

    while total is None or len(found) < total:
        (listed, count), page = await ask_halving(page, ask)
        total = total if count is None else count
        if at_most is not None and max(total or 0, len(found) + len(listed)) > at_most:
            return None
        if not listed or listed[0] in found[:1]:  # the first ones again: a server that does not page
            break
        found += listed
    if total is not None and len(found) != total:
        raise DataMismatch(f"The server counts {total} elements of {forms[0].name!r} and lists {len(found)}.")
    return found


def _is_wrapped(body: Any) -> bool:
    return isinstance(body, dict) and "elements" in body


def _element(item: Any, forms: Sequence[Column]) -> Element:
    """Read an element; errors: ProtocolError."""
    try:
        identity = str(item["id"])
        if identity.endswith(":\\N") or identity.startswith("h\\N;"):
            return Element(identity, (None,) * len(forms))
        shown = [Form(str(form.form_id), form.name, form.data_type) for form in forms]
        texts = form_texts(item, shown, forms[0].name)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"The server lists {item!r}, which is no element of {forms[0].name!r}.") from error
    return Element(identity, tuple(texts))
