"""Tables on their way to a dataset, which is created or updated. Edge; on the background loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from mstr_arrow.catalog.certify import certify
from mstr_arrow.catalog.folders import folder_id
from mstr_arrow.errors import MstrError, NotFound, UploadFailed, UsageError
from mstr_arrow.given import check_type
from mstr_arrow.session.project import OBJECT_ID
from mstr_arrow.upload import datasets
from mstr_arrow.upload.creation import create
from mstr_arrow.upload.fit import fit_types
from mstr_arrow.upload.infer_roles import infer_roles
from mstr_arrow.upload.meaning import of_dataset, of_model
from mstr_arrow.upload.model import TableRoles, build_model, table_models, unknown_column
from mstr_arrow.upload.names import MAX_CHARACTERS, check_name
from mstr_arrow.upload.options import Policy, UploadOptions
from mstr_arrow.upload.schema_change import check_roles, check_schema, idle_tables, overwritten_roles
from mstr_arrow.upload.source import Source, source_of
from mstr_arrow.upload.upload import Upload
from mstr_arrow.upload.write_result import Resume
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Unpack

    import pyarrow as pa

    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.session.session_client import Client
    from mstr_arrow.upload.existing import Dataset
    from mstr_arrow.upload.meaning import Meaning
    from mstr_arrow.upload.model import Model
    from mstr_arrow.upload.push_options import Forms, SchemaMode, SendOptions
    from mstr_arrow.upload.upload_session import PublishStatus
    from mstr_arrow.upload.write_result import UploadProgress, WriteResult


@dataclass(frozen=True, slots=True)
class _Table:
    """A table to be sent, as it was given."""

    source: Source
    policy: Policy
    roles: TableRoles


@dataclass(frozen=True, slots=True)
class _SendSettings:
    """How the tables are sent."""

    options: UploadOptions
    publish: bool
    on_progress: Callable[[UploadProgress], object] | None


class DatasetWriter:
    """A dataset, by name or id, and the tables that are to go there."""

    def __init__(self, client: Client, name: str | None, dataset_id: str | None, description: str) -> None:
        if (name is None) == (dataset_id is None):
            raise UsageError("a SuperCube is given by its name or by its id.", hint="Give one of them.")
        if name is not None:
            check_name("SuperCube", name)
        check_type("id", dataset_id, (str, type(None)), "a text of 32 hexadecimal digits")
        check_type("description", description, str, "a text")
        if dataset_id is not None and not OBJECT_ID.fullmatch(dataset_id):
            raise UsageError(
                f"{dataset_id!r} is no id.",
                hint=naming("An id has 32 hexadecimal digits; {SuperCube.name=…} is for names."),
            )
        if len(description) > MAX_CHARACTERS:
            raise UsageError(f"the description has {len(description)} characters.", hint="250 may be.")
        self.id = dataset_id.upper() if dataset_id else None
        self.name = name
        self.description = description
        self._client = client
        self._tables: dict[str, _Table] = {}
        self._last: Upload | None = None
        self._meanings: dict[str, Meaning] = {}

    @property
    def _http(self) -> ProjectHttp:
        return self._client.http

    @property
    def _upload(self) -> Upload | None:
        """The upload that waits to be published, by any writer of the session; None where there is none."""
        return Upload.under_way(self._client.session, self.id or "")

    def add(
        self, name: str, source: Source, policy: Policy, to_attribute: Collection[str], to_metric: Collection[str]
    ) -> None:
        """Add a table, in place of one of the same name."""
        _check_policy("update_policy", policy)
        check_name("table", name)
        self._tables[name] = _Table(
            source, policy, TableRoles(source.schema, _to_names(to_attribute), _to_names(to_metric))
        )

    def remove(self, name: str) -> None:
        """Take a table back."""
        if name not in self._tables:
            there = ", ".join(self._tables) or "none"
            raise UsageError(f"no table {name!r} was added.", hint=f"There are: {there}.")
        del self._tables[name]

    async def create(
        self,
        folder: str | None = None,
        *,
        auto_upload: bool = True,
        force: bool = False,
        attribute_forms: Forms | None = None,
        **options: Unpack[SendOptions],
    ) -> WriteResult:
        """Create the dataset and send the tables."""
        if self.name is None:
            raise UsageError(
                "a cube that is given by its id exists.", hint=naming("Call {SuperCube.update()}, or give a name.")
            )
        model = build_model(*self._roles(attribute_forms))
        settings = self._make_settings(dict.fromkeys(self._tables, "replace"), **options)
        if settings.options.resume is not None:
            self._resume(settings.options.resume)
            self._meanings = of_model(model)
            return await self._send(settings, created=True, deletable=False)
        in_folder = await folder_id(self._http, folder)
        found = await datasets.find_dataset(self._http, self.name, in_folder)
        if found is not None and not force:
            raise UsageError(
                f"there is a dataset {self.name!r} in that folder ({found}).",
                hint=naming(
                    "Call {SuperCube.update()} to change its data, or give {SuperCube.create.force=True} to "
                    "overwrite "
                    "it."
                ),
            )
        await self._define(model, in_folder, found)
        return await self._send(settings, created=True, deletable=found is None, auto_upload=auto_upload)

    async def update(
        self,
        *,
        folder_id: str | None = None,
        schema_mode: SchemaMode = "strict",
        attribute_forms: Forms | None = None,
        **options: Unpack[SendOptions],
    ) -> WriteResult:
        """Send the tables to the dataset, where they fit it."""
        tables = table_models({name: table.source.schema for name, table in self._tables.items()})
        if not tables:
            raise UsageError("there is no table to upload.", hint="Add one.")
        policies = {name: table.policy for name, table in self._tables.items()}
        resume = options.get("resume")
        if resume is not None:
            self._resume(resume)
            policies = dict.fromkeys(policies, "replace") if resume.new else policies
        settings = self._make_settings(policies, **options)
        if self.id is None:
            self.id = await self._find(folder_id)
        dataset, definition = await datasets.read(self._http, self.id)
        self.name = dataset.name
        tables = table_models(await asyncio.to_thread(self._fit, dataset))
        roles = {name: table.roles for name, table in self._tables.items()}
        idle: frozenset[str] = frozenset()
        version = self._client.server_version
        if check_schema(tables, dataset, policies, schema_mode=schema_mode, server_version=version):
            implied_roles, forms = self._roles(attribute_forms)
            kept = overwritten_roles(implied_roles, dataset, definition, forms)
            folder = await datasets.folder_of(self._http, self.id)
            await self._define(build_model(kept, forms), folder, self.id)
        elif definition is not None:
            check_roles(tables, roles, definition)
            idle = idle_tables(tables, policies, definition)
            self._meanings = of_dataset(tables, definition, self._roles(attribute_forms)[1])
        return await self._send(settings, created=False, deletable=False, idle=idle)

    async def publish(self) -> WriteResult:
        """Publish what waits to be published."""
        upload = self._upload
        if upload is None or not upload.sent:
            raise UsageError(
                "nothing waits to be published.",
                hint=naming(
                    "Send something with {SuperCube.update.auto_publish=False} first; what was sent is lost when "
                    "the "
                    "session ends."
                ),
            )
        self._last, self.name = upload, upload.name
        await upload.publish()
        return upload.result()

    async def publish_status(self) -> PublishStatus | None:
        """Look how far publishing is."""
        upload = self._upload or self._last
        return await upload.status() if upload else None

    async def discard(self) -> None:
        """Delete the upload session that waits to be published."""
        if self._upload is not None:
            await self._upload.discard()

    async def certify(self, *, certified: bool) -> None:
        """Certify the dataset, or not."""
        await certify(self._http, self._require_id(), certified=certified)

    async def delete(self) -> None:
        """Delete the dataset."""
        await self.discard()
        await datasets.delete(self._http, self._require_id())
        self.id = None

    def _resume(self, resume: Resume) -> None:
        """Go on with the dataset of an upload that failed; errors: UsageError where it is of another one."""
        if self.id not in {None, resume.dataset_id}:
            raise UsageError(
                f"the upload that is to go on is one to the dataset {resume.dataset_id}, and this is {self.id}.",
                hint="Give the error's resume to the SuperCube that failed, or to one of that id.",
            )
        self.id = resume.dataset_id

    def _fit(self, dataset: Dataset) -> dict[str, pa.Schema]:
        """Give the tables the types that the dataset has for their columns; return their schemas."""
        for name, table in self._tables.items():
            source = fit_types(table.source, dataset.tables.get(name, {}))
            self._tables[name] = replace(table, source=source, roles=replace(table.roles, schema=source.schema))
        return {name: table.source.schema for name, table in self._tables.items()}

    def _roles(self, forms: Forms | None) -> tuple[dict[str, TableRoles], Forms]:
        return infer_roles({name: table.roles for name, table in self._tables.items()}, forms)

    async def _find(self, folder: str | None) -> str:
        if self.name is None:
            raise UsageError(
                "the SuperCube was deleted, and no name of it is known.", hint="Give a name, or an id."
            )
        found = await datasets.find_dataset(self._http, self.name, await folder_id(self._http, folder))
        if found is None:
            raise NotFound(
                f"no dataset {self.name!r} in {folder or 'My Reports'}.", hint="Name its folder, or create it."
            )
        return found

    async def _define(self, model: Model, folder: str, replaced: str | None) -> None:
        name = str(self.name)
        self.id = await create(
            self._http, model, name=name, description=self.description, folder=folder, replaced=replaced
        )
        self._meanings = of_model(model)

    def _make_settings(
        self,
        policies: Mapping[str, Policy],
        *,
        auto_publish: bool = True,
        on_progress: Callable[[UploadProgress], object] | None = None,
        **options: Any,
    ) -> _SendSettings:
        return _SendSettings(UploadOptions(policies=policies, **options), auto_publish, on_progress)

    async def _send(
        self,
        settings: _SendSettings,
        *,
        created: bool,
        deletable: bool,
        auto_upload: bool = True,
        idle: frozenset[str] = frozenset(),
    ) -> WriteResult:
        sources = {name: table.source for name, table in self._tables.items()}
        resume = settings.options.resume
        deletable = deletable or (resume is not None and resume.new)
        upload = Upload(
            self._client.session,
            self._require_id(),
            sources,
            settings.options,
            settings.on_progress,
            name=str(self.name),
            created=created or deletable,
            idle=idle,
            meanings={name: it for name, it in self._meanings.items() if name not in idle},
        )
        if not auto_upload:
            return upload.result()
        self._last = upload
        try:
            await upload.send()
            if settings.publish:
                await upload.publish()
        except BaseException as error:
            if isinstance(error, UploadFailed) and isinstance(error.resume, Resume):
                error.resume = replace(error.resume, new=deletable)
            elif deletable and not upload.published:
                await self._delete_quietly()
            raise
        return upload.result()

    async def _delete_quietly(self) -> None:
        try:
            async with asyncio.timeout(self._http.settings.timeouts.logout):
                await self.delete()
        except (MstrError, TimeoutError):
            return

    def _require_id(self) -> str:
        if self.id is None and self.name is None:
            raise _nameless()
        if self.id is None:
            raise UsageError(
                f"the SuperCube {self.name!r} was not created yet.",
                hint=naming("Call {SuperCube.create()}, or give its id."),
            )
        return self.id


async def write(
    client: Client,
    name: str,
    data: Any,
    *,
    mode: Policy = "replace",
    folder: str | None = None,
    description: str | None = None,
    attributes: Collection[str] = (),
    metrics: Collection[str] = (),
    forms: Forms | None = None,
    publish: bool = True,
    schema_mode: SchemaMode = "strict",
    **options: Any,
) -> WriteResult:
    """Write tables to the dataset of that name in the folder, or that id: update it, or create it."""
    check_type("the dataset's name", name, str, "a text")
    _check_policy("mode", mode)
    in_folder = await folder_id(client.http, folder)
    found = name if OBJECT_ID.fullmatch(name) else await datasets.find_dataset(client.http, name, in_folder)
    if found is None and mode == "update":
        raise NotFound(f"no dataset {name!r} in {folder or 'My Reports'}, so there is nothing to update.")
    writer = DatasetWriter(client, None if found else name, found, description or "")
    tables = data if isinstance(data, Mapping) else {await _only_table(client.http, found) or name: data}
    sources = {table: await asyncio.to_thread(source_of, each, table) for table, each in tables.items()}
    for role, wanted in (("attribute", _to_names(attributes)), ("metric", _to_names(metrics))):
        names = list(dict.fromkeys(column for source in sources.values() for column in source.schema.names))
        for column in wanted:
            if column not in names:
                raise unknown_column(column, names, f"to be {'an' if role == 'attribute' else 'a'} {role}")
    for table, source in sources.items():
        own = set(source.schema.names)
        writer.add(table, source, mode, own & set(_to_names(attributes)), own & set(_to_names(metrics)))
    if found is None:
        return await writer.create(in_folder or None, attribute_forms=forms, auto_publish=publish, **options)
    return await writer.update(schema_mode=schema_mode, attribute_forms=forms, auto_publish=publish, **options)


async def _only_table(http: ProjectHttp, dataset_id: str | None) -> str | None:
    """Return the name of the one table that a dataset has."""
    if dataset_id is None:
        return None
    dataset, _ = await datasets.read(http, dataset_id)
    return next(iter(dataset.tables)) if len(dataset.tables) == 1 else None


def _nameless() -> UsageError:
    return UsageError(
        "the SuperCube was deleted, and no name of it is known.", hint="Make another, by a name or id."
    )


def _check_policy(argument: str, policy: str) -> None:
    if policy not in get_args(Policy):
        choices = ", ".join(get_args(Policy))
        raise UsageError(f"{argument}={policy!r} is not known.", hint=f"Choose one of {choices}.")


def _to_names(columns: Collection[str] | str) -> tuple[str, ...]:
    check_type("attributes= or metrics=", columns, Iterable, "a name or a list of names")
    return (columns,) if isinstance(columns, str) else tuple(columns)
