"""An extraction: goes on where its last run stopped, or begins; part by part, until the folder is whole."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataChanged, FileError, InstanceGone, MstrError, SessionExpired, UsageError
from mstr_arrow.extract.changes import check_columns_of, check_known, check_proof, check_time, compare_columns
from mstr_arrow.extract.extract_result import result_of
from mstr_arrow.extract.extraction_sessions import ExtractionSessions
from mstr_arrow.extract.folder import hold
from mstr_arrow.extract.manifest import Asked, Manifest, NotAsWritten, question_of
from mstr_arrow.extract.order import WITHOUT_ORDER, check_columns, check_question
from mstr_arrow.extract.portion import Portion
from mstr_arrow.extract.verification import verify_parts
from mstr_arrow.fetch.context import Deadline
from mstr_arrow.fetch.stats import watcher
from mstr_arrow.files.folders import MANIFEST
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.instances.freshness import fetch_publication
from mstr_arrow.instances.known import Known, weaker
from mstr_arrow.instances.probe import probe
from mstr_arrow.query.residual import Residual
from mstr_arrow.session.info import fetch_user
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mstr_arrow.extract.extract_options import Chosen
    from mstr_arrow.extract.extract_result import ExtractResult
    from mstr_arrow.extract.folder import Folder
    from mstr_arrow.extract.verification import Verified
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.resolver import Resolver
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.shape import ColumnChange
    from mstr_arrow.instances.freshness import Published
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True)
class _Way:
    """The request for the object, and how its pages are read."""

    source: Source
    options: ReadOptions
    residual: Residual


class Extraction:
    """One run of an extraction; on the background loop only."""

    def __init__(
        self,
        resolver: Resolver,
        folder: Folder,
        options: Chosen,
        name: str | None,
        on_progress: Callable[[ScanStats], object] | None,
    ) -> None:
        check_question(resolver.source, resolver.query)
        self._resolver = resolver
        self._own = resolver.session
        self._folder = folder
        self._options = options
        self._on_progress = on_progress
        self._watch = watcher(on_progress)
        self._sessions = ExtractionSessions(self._own, folder, self._watch)
        self._resumed = 0
        self._continued = False
        self._restarted = False
        self._damage: str | None = None
        self._replaced: Manifest | None = None
        self._changes: tuple[ColumnChange, ...] = ()
        source = resolver.source
        project = self._own.http.project
        grid = resolver.options.grid
        question = question_of(
            _as_asked(source.body),
            resolver.query,
            grid,
            resolver.options.pushdown,
            source.prompts,
            source.page_by,
            *resolver.query.polars_digests,
        )
        self._asked = Asked(
            self._own.http.own.base, project.id if project else None, source.kind, source.object_id, name, question
        )

    async def run(self) -> ExtractResult:
        """Extract what is missing, and put the folder in its place; the deadline is over all of that."""
        folder = self._folder
        await hold(folder)
        try:
            return await Deadline(self._resolver.options.deadline).within(self._run())
        except DataChanged:
            await self._sessions.end_former()
            raise
        except FileError as error:
            if folder.begun:
                error.add_hint("What was extracted so far stays, and the next run goes on.")
            raise
        finally:
            await self._sessions.let_go()
            if not folder.begun:  # nothing is there to go on with
                await self._sessions.end_former()
            await in_thread(folder.unlock)

    async def _run(self) -> ExtractResult:
        folder = self._folder
        with suppress(MstrError):  # who may not know who they are: then nobody compares it
            self._asked = replace(self._asked, user=(await fetch_user(self._own.http.own)).id)
        await self._sessions.read_former()
        await self._sessions.note(None)  # first of all: whatever happens now, the next run finds this session
        await self._sessions.end_former(idle=True)
        finished = await in_thread(folder.read_finished)
        if finished is not None and finished.asked.same_as(self._asked):
            self._replaced = finished
        begun = await self._read_begun() if self._options.resume else None
        time = await fetch_publication(self._own.http, self._asked.kind, self._asked.id)
        if finished is not None and not self._serves(finished, time):
            self._check_replaced(finished)
        elif finished is not None:
            whole = await self._verify(finished)
            if whole.damage is None and begun is None:
                return self._result(finished, time, skipped=True)
            if whole.damage is None:
                self._check_replaced(finished)
            elif begun is None:
                await in_thread(folder.take_over, whole.manifest)
                return await self._extract(whole.manifest, time)
        return await self._extract(await self._usable(begun), time)

    def _serves(self, finished: Manifest, time: Published) -> bool:
        """Tell whether the finished extraction answers this one, if all its parts are whole."""
        options = self._options
        current = time.moment is not None and finished.data_time == time.moment
        return finished.asked.same_as(self._asked) and (
            (options.if_changed and current) or (options.resume and not self._anew)
        )

    def _check_replaced(self, finished: Manifest) -> None:
        """Refuse to replace what nobody wants to have replaced; errors: UsageError."""
        same = finished.asked.same_as(self._asked)
        if not self._anew or not (same or self._options.overwrite):
            raise UsageError(
                f"the folder {str(self._folder.path)!r} holds an extraction"
                f"{' already' if same else ' of something else'}.",
                hint=naming("Give another, or have it replaced: {Scan.extract.overwrite=True}."),
            )

    async def _verify(self, finished: Manifest) -> Verified:
        """Tell whether the finished folder is as it was written, and holds nothing else."""
        folder = self._folder
        found = await verify_parts(folder, finished, self._options.verify, finished=True)
        if found.damage is None and (stray := await in_thread(folder.strays, finished)):
            found = found._replace(damage=f"{stray} is none of the parts that were written")
        if found.damage is None and not finished.complete:
            found = found._replace(damage="its manifest says that parts are missing")
        if found.damage is not None:
            self._tell(folder.path, found.damage)
        return found

    def _tell(self, folder: Path | str, damage: str) -> None:
        self._damage = damage
        logger.warning("what an extraction wrote to %s is not as it was: %s. It is fetched again", folder, damage)

    @property
    def _anew(self) -> bool:
        """Whether what is whole may be extracted again."""
        return self._options.overwrite or self._options.if_changed

    async def _read_begun(self) -> Manifest | None:
        """Return the manifest of a run that did not end; one that cannot be gone by is as good as none."""
        try:
            return await in_thread(self._folder.read_begun)
        except NotAsWritten as error:
            self._tell(self._folder.work, f"{MANIFEST} cannot be gone by: {error}")
            await in_thread(self._folder.discard)
            return None

    async def _usable(self, begun: Manifest | None) -> Manifest | None:
        """Return the manifest of a former run, as far as its parts are as they were written.

        Errors: UsageError where it was something else.
        """
        folder = self._folder
        if begun is None or (self._options.on_change == "restart" and not begun.asked.same_as(self._asked)):
            await in_thread(folder.discard)
            return None
        if begun.asked.by_another(self._asked):
            raise UsageError(
                f"{str(folder.work)!r} holds the beginning of an extraction by a user who may see other rows.",
                hint=advice(
                    "be the same user",
                    "Log in as that user, or start again with {Scan.extract.resume=False}.",
                ),
            )
        if not begun.asked.same_as(self._asked):
            raise UsageError(
                f"{str(folder.work)!r} holds the beginning of an extraction of something else.",
                hint=advice(
                    "ask for the same", "Ask for the same, or start again with {Scan.extract.resume=False}."
                ),
            )
        found = await verify_parts(folder, begun, self._options.verify)
        if found.damage is not None:
            self._tell(folder.work, found.damage)
            await in_thread(folder.note, found.manifest)
        await in_thread(folder.keep_only, found.manifest)
        return found.manifest

    async def _extract(self, begun: Manifest | None, time: Published) -> ExtractResult:
        """Go on until all is there; an instance that goes is made again as long as parts come of it."""
        self._resumed = 0 if begun is None else begun.rows
        while True:
            before = None if begun is None else begun.offset
            try:
                return await self._attempt(begun, time)
            except DataChanged:
                if self._options.on_change == "raise" or self._restarted:
                    raise
                self._restarted, self._resumed, self._continued = True, 0, False
                await in_thread(self._folder.discard)
                time = await fetch_publication(self._own.http, self._asked.kind, self._asked.id)
                begun = None
            except (InstanceGone, SessionExpired):
                begun = await self._read_begun()
                if not self._sessions.took_over and (begun is None or begun.offset == before):
                    raise
                await self._sessions.let_go()

    async def _attempt(self, begun: Manifest | None, time: Published) -> ExtractResult:
        if begun is not None:
            check_time(begun, time)
        way, instance = await self._open(begun)
        session = self._sessions.current
        same_instance = self._continued or begun is None or not begun.offset
        # Another instance is one to go on with when its rows were compared, and a part was made of them.
        await self._sessions.note(instance.id or None if same_instance else None)
        schema = way.residual.schema(instance.columns.schema)
        known = instance.known or Known(total=instance.total)
        if begun is None:
            self._changes = compare_columns(self._replaced, schema, self._options.schema_mode)
            body = dict(way.source.body)
            begun = Manifest(
                asked=self._asked,
                body=body,
                schema=schema,
                total=instance.total,
                data_time=known.times.publication.moment or time.moment,  # it may have been published meanwhile
                exact=way.source.counts(instance.columns) and not way.residual.filters,
                known=known,
            )
            await in_thread(self._folder.note, begun)
        else:
            check_known(begun, known)
            check_columns_of(begun, schema)
        if not same_instance:
            begun = await self._go_on(begun, way, instance, session)
        portion = Portion(self._folder, self._options, begun, way.residual)
        manifest, stats = await portion.fetch_missing(
            session,
            way.source,
            way.options,
            instance,
            same_instance=same_instance,
            on_progress=self._on_progress,
            on_part=partial(self._sessions.note, instance.id or None),
        )
        if session is not self._own:
            await self._sessions.let_go()
        if stats is not None:
            manifest = replace(manifest, consistent=weaker(manifest.consistent, stats.consistent))
        manifest = replace(manifest, complete=True)
        await in_thread(self._folder.note, manifest)
        await in_thread(self._folder.put_in_place)
        return self._result(manifest, time, stats=stats)

    async def _go_on(self, begun: Manifest, way: _Way, instance: Instance, session: ProjectSession) -> Manifest:
        """Note how certain it is that another instance has the same data; errors: DataChanged where it has not."""
        known = instance.known or Known()
        if begun.known.proves(known):
            return replace(begun, consistent=weaker(begun.consistent, "published once"))
        if self._resolver.options.consistency == "proven":
            check_proof(begun, known)
        portion = Portion(self._folder, self._options, begun, way.residual)
        await portion.compare_samples(session, way.source, way.options, instance)
        return replace(begun, consistent="likely")

    async def _open(self, begun: Manifest | None) -> tuple[_Way, Instance]:
        """Return an instance to read: that of a former run if it still lives, else a new one."""
        way = None if begun is None else await self._way_of(begun)
        living = None if way is None else await self._sessions.find_living(way.source, way.options.grid)
        await self._sessions.end_former()
        if way is not None and living is not None:
            self._continued = True
            return way, living
        if way is not None and self._resolver.query.trivial:
            return way, await probe(self._own, way.source, way.options.grid, self._watch)
        check_columns(await self._resolver.whole_columns(self._on_progress))
        source, options, residual, instance = await self._resolver.create_ordered(self._on_progress)
        _check_residual(residual)
        return _Way(source, options, residual), instance

    async def _way_of(self, begun: Manifest) -> _Way:
        """Return the way of a former run; the columns are looked at again only for conditions on them."""
        resolver = self._resolver
        if not resolver.query.trivial:
            return _Way(*await resolver.resolve_ordered(self._on_progress))
        residual = Residual(columns=tuple(begun.schema.names))
        return _Way(replace(resolver.source, body=begun.body, ordered=True), resolver.options, residual)

    def _result(
        self, manifest: Manifest, time: Published, *, stats: ScanStats | None = None, skipped: bool = False
    ) -> ExtractResult:
        return replace(
            result_of(self._folder.path, manifest, time),
            resumed=self._resumed,
            continued=self._continued,
            skipped=skipped,
            restarted=self._restarted,
            damage=None if skipped else self._damage,
            changes=self._changes,
            stats=stats,
        )


def _as_asked(body: Mapping[str, object]) -> dict[str, object]:
    """Return what a body asks for, whatever columns there are: of a cube it may list all but the counts of rows."""
    return {name: "all that is shown" if name == "requestedObjects" else value for name, value in body.items()}


def _check_residual(residual: Residual) -> None:
    if residual.ranked:
        raise UsageError(
            "an extraction that can be resumed cannot count ranks over all rows.",
            hint=WITHOUT_ORDER,
        )
