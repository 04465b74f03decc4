"""A dataset that is defined once, whatever becomes of the answers. Edge; wire reference, section 6.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import MstrError, ServerError, TimeoutExceeded
from mstr_arrow.responses import identity, reading
from mstr_arrow.upload import datasets
from mstr_arrow.upload.undoing import undo_if_cancelled

if TYPE_CHECKING:
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.model import Model


async def create(
    http: ProjectHttp, model: Model, *, name: str, description: str, folder: str, replaced: str | None
) -> str:
    """Create a dataset, without data, and return its id. POST /api/datasets/models.

    ``replaced`` is the dataset of that name in the folder, which is overwritten. Where the answer is lost, the
    folder is looked at before anything else: a new dataset that is there is taken, one that is not is asked for
    again. One that is made while its caller gives up is deleted.
    """
    wanted = _Wanted(http, model, name, folder, replaced)

    async def undo(made: str) -> None:
        if replaced is None:
            await datasets.delete(http, made)

    body = model.body(name, description, folder)
    return await undo_if_cancelled(_create_once(http, body, wanted), undo, http.settings.timeouts.logout)


async def _create_once(http: ProjectHttp, body: dict[str, object], wanted: _Wanted) -> str:
    try:
        return await http.read("POST", "datasets/models", _read_new_id, json=body, lost=wanted)
    except MstrError as error:
        late = isinstance(error, TimeoutExceeded)
        refused = isinstance(error, ServerError) and wanted.was_lost  # perhaps because it is there by now
        if wanted.found is None and (late or refused):
            await wanted()
        if wanted.found is None:
            raise
        return wanted.found


def _read_new_id(response: Response) -> str:
    """Read the id of a dataset that was made; errors: ProtocolError."""
    body = response.json()
    with reading(body, "a dataset that was made"):
        return identity(body, "id", "datasetId")


class _Wanted:
    """A dataset that may have been made although nobody said so; ``found`` is its id where it is there."""

    def __init__(self, http: ProjectHttp, model: Model, name: str, folder: str, replaced: str | None) -> None:
        self._http = http
        self._columns = {table.name: {column.name for column in table.columns} for table in model.tables}
        self._name, self._folder = name, folder
        self._replaced = replaced
        self.was_lost = False
        self.found: str | None = None

    async def __call__(self) -> bool:
        """Look for it, and say whether it may be asked for again: it is not there, or is to be overwritten."""
        self.was_lost = True
        try:
            there = await datasets.find_dataset(self._http, self._name, self._folder)
            if there in {None, self._replaced}:
                return True
            dataset, _ = await datasets.read(self._http, str(there))
        except MstrError:
            return False
        if {table: set(columns) for table, columns in dataset.tables.items()} == self._columns:
            self.found = there
        return False
