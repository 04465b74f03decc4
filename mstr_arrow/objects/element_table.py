"""The elements of an attribute as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_array
from mstr_arrow.fetch.bad_values import Tally
from mstr_arrow.given import check_type
from mstr_arrow.grid.exact import form_array
from mstr_arrow.grid.misfits import Misfits
from mstr_arrow.instances.fetch_elements import fetch_elements
from mstr_arrow.query.columns import subjects_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.fetch.bad_values import BadValues
    from mstr_arrow.fetch.resolver import Resolver
    from mstr_arrow.grid.schema import Column


async def read_elements(resolver: Resolver, name: str) -> tuple[pa.Table, Mapping[str, BadValues]]:
    """List the elements of an attribute as a table: ``id``, and a column per form as the reader types the form.

    Returns the table, and the bad values, which are null in the table. The column ``id`` is called ``element id``
    where a form has the name ``id``. Errors: UsageError for an unknown attribute, ConversionError.
    """
    check_type("the attribute's name", name, str, "a text")
    columns = await resolver.whole_columns()
    misfits, tally = Misfits(columns.nulled), Tally(columns, "the elements")
    forms = await _forms(resolver, name)
    elements = await fetch_elements(resolver.session.http, resolver.source, forms) or []
    ids = make_array([element.id for element in elements], pa.string())
    table = pa.table({"element id" if "id" in [form.name for form in forms] else "id": ids})
    for number, form in enumerate(forms):
        array = form_array(form, [element.texts[number] for element in elements], range(len(elements)), misfits)
        values = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
        table = table.append_column(form.field.with_type(values.type), values)
    tally.count(misfits.found)
    return table, tally.found


async def list_elements(resolver: Resolver, attribute_id: str) -> list[dict[str, Any]]:
    """List the elements of an attribute as the server writes them: ``id`` and ``formValues``, None for no value."""
    elements = (
        await fetch_elements(resolver.session.http, resolver.source, await _forms(resolver, attribute_id)) or []
    )
    return [{"id": element.id, "formValues": list(element.texts)} for element in elements]


async def _forms(resolver: Resolver, name: str) -> list[Column]:
    columns = await resolver.whole_columns()
    attribute = subjects_in(columns).find_attribute(name)
    forms = columns.attributes if attribute.shown else columns.others
    same = [each for each in forms if each.object_id == attribute.object_id and not each.level]
    return same if attribute.shown else [each for each in same if each.name == attribute.name]
