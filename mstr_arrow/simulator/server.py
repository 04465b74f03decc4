"""The simulated server: an aiohttp application on the loopback, run by a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from .model.cubes import Cube
from .protocol.front import application
from .settings.server_settings import CONTEXT, ServerSettings
from .state.iserver import IServer, RecordedRequest
from .truth.answered_report import answer_report
from .truth.cube_truth import truth
from .truth.report_truth import report_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    import pyarrow as pa

    from .faults.fault import Fault
    from .model.encoded_cube import EncodedCube
    from .settings.time_model import TimeModel
    from .state.sessions import InstanceCounts
    from .state.subscription_store import Delivery

_HOST = "127.0.0.1"
_START_SECONDS = 30
_LAST_ACCEPT_SECONDS = 0.01


class Simulator:
    """A simulated I-Server on this machine, as a context manager.

    The server listens on 127.0.0.1 only, on a free port unless ``port`` names one. The other keyword arguments are
    the fields of ``ServerSettings``. ``encoded`` adds cubes whose pages were encoded beforehand.

    >>> with Simulator(rows=1_000) as sim:
    ...     sim.truth("Sales Cube", columns=["Region", "Units"]).num_rows
    1000

    What a report with prompts shows follows from the answers:

    >>> with Simulator(rows=1_000) as sim:
    ...     sim.truth("Prompted Twice", answers={"Year": 2024})["Year"].unique().to_pylist()
    [2024]
    """

    def __init__(
        self,
        *,
        port: int = 0,
        encoded: Sequence[EncodedCube] = (),
        clock: Callable[[], float] | None = None,
        **settings: Any,
    ) -> None:
        self._port = port
        self.settings = ServerSettings(**settings)
        timing = {} if clock is None else {"clock": clock}
        self._server = IServer(self.settings, encoded=encoded, **timing)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        """Start the server. Raise OSError where the port is taken."""
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server at once, even during requests."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """The base URL, as a user would type it."""
        return f"http://{_HOST}:{self._port}{CONTEXT}"

    @property
    def username(self) -> str:
        """The name to log in with."""
        return self.settings.username

    @property
    def password(self) -> str:
        """The password to log in with."""
        return self.settings.password

    @property
    def api_token(self) -> str:
        """The API token to log in with, by login mode 4096."""
        return self.settings.api_token

    @property
    def project(self) -> str:
        """The name of the project."""
        return self.settings.project

    @property
    def project_id(self) -> str:
        """The id of the project."""
        return self._server.catalogue.project_id

    @property
    def cubes(self) -> dict[str, str]:
        """The ids of all cubes by name; the second cube of one name has the key ``folder/name``."""
        return self._server.catalogue.names()

    @property
    def reports(self) -> dict[str, str]:
        """The ids of all reports by name."""
        return {report.name: report.id for report in self._server.catalogue.reports.values()}

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests that the server has responded to, as a new list."""
        return list(self._server.requests)

    @property
    def open_sessions(self) -> int:
        """The number of sessions that are logged in now."""
        return len(self._server.sessions.live())

    @property
    def open_uploads(self) -> dict[str, set[str]]:
        """The upload sessions that were neither published nor deleted, by the token of the log-in."""
        live = self._server.sessions.live()
        return {one.token: {key for key, upload in list(one.uploads.items()) if upload.open} for one in live}

    @property
    def instances_created(self) -> int:
        """The number of instances created so far."""
        return self._server.instances_created

    @property
    def instances(self) -> list[InstanceCounts]:
        """The instances of each session so far and what became of them, in the order of the log-ins."""
        return [replace(counts) for counts in self._server.sessions.counts]

    @property
    def model_instances(self) -> int:
        """The number of instances of data models that were neither deleted nor dropped."""
        return len(self._server.refreshes.instances)

    @property
    def refreshes(self) -> list[tuple[str, dict[str, str], str]]:
        """The publications of data models: the model's name, the policy of each table, and the outcome.

        The outcome is "running", "loaded", "failed" or "cancelled".
        """
        names = {
            table.id: table.name for model in self._server.catalogue.data_models.values() for table in model.tables
        }
        return [
            (each.model.cube.name, {names[key]: policy for key, policy in each.policies.items()}, each.outcome)
            for each in list(self._server.refreshes.all)
        ]

    def truth(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        offset: int = 0,
        limit: int | None = None,
        subtotals: str = "drop",
        answers: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """Compute the true values of a cube or report, given by name or id, as a plain table in server order.

        ``cube_truth.truth`` defines names and types of a cube's columns, ``report_truth.report_truth`` the tidy
        form of reports and ``subtotals``, "drop" or "keep", ``answered_report.answer_report`` the ``answers`` to a
        report's prompts. For a data model, ``answers`` are values of parameters. Raises KeyError for an unknown
        object or column.


        """
        catalogue = self._server.catalogue
        report = catalogue.reports.get(self.reports.get(name, name))
        if report is not None and name not in self.cubes:
            report = answer_report(report, answers or {}, self.settings.filtering)
            return report_truth(report, subtotals=subtotals, columns=columns, offset=offset, limit=limit)
        model = catalogue.cubes[self.cubes.get(name, name)]
        if not isinstance(model, Cube):
            raise KeyError(f"{name} is encoded: only its maker knows its values")
        if known := catalogue.data_models.get(model.id):
            listed = [{"id": each.id, "value": (answers or {}).get(each.name)} for each in known.parameters]
            model = known.apply(model, known.values(listed))
        return truth(model.evaluate_rows(), columns=columns, offset=offset, limit=limit)

    @property
    def subscriptions(self) -> dict[str, str]:
        """The ids of all subscriptions by name; of several with one name, the newest."""
        return {one.body["name"]: key for key, one in list(self._server.subscriptions.all.items())}

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries so far, in order."""
        return list(self._server.subscriptions.deliveries)

    def addresses(self, username: str) -> list[str]:
        """Return the addresses of a user, as deliveries use them. Raise KeyError for an unknown user."""
        people = self._server.people.users.values()
        person = {each.username: each for each in people}[username]
        return [address.value for address in list(person.addresses.values())]

    @property
    def uploads_open(self) -> int:
        """The number of upload sessions that were neither published with success nor deleted."""
        return sum(upload.open for upload in self._server.sessions.uploads())

    @property
    def chunks_received(self) -> list[tuple[str, str, int, int, int]]:
        """Dataset id, table, index, rows and bytes of JSON text of each accepted chunk, repeats included."""
        return list(self._server.chunks_received)

    def dataset(self, name: str) -> dict[str, pa.Table]:
        """Return the rows of a dataset by table, as of the last publication; the dataset is given by name or id.

        INTEGER is int32, BIGINTEGER int64, DOUBLE float64, BIGDECIMAL decimal128(38, s) with as many decimals as
        the column's longest number, BOOL bool, DATE date32, TIME time64("us"), DATETIME timestamp("us"). Raises
        KeyError for an unknown dataset.
        """
        return self._server.datasets.find_named(name).arrow_tables()

    def fail(self, fault: Fault) -> None:
        """Plan a fault, which meets the next matching request."""
        self._server.faults.add(fault)

    def heal(self) -> None:
        """Forget all planned faults."""
        self._server.faults.clear()

    @property
    def faults_due(self) -> list[int]:
        """How often each planned fault was due so far; of several due at once, the first planned took effect."""
        return self._server.faults.due

    @property
    def time(self) -> TimeModel:
        """The time model of responses, which may be set while the server runs."""
        return self._server.workload.model

    @time.setter
    def time(self, model: TimeModel) -> None:
        self._on_loop(partial(setattr, self._server.workload, "model", model))

    def expire_sessions(self) -> None:
        """End all sessions, as the server does when they have been idle for too long."""
        self._on_loop(self._server.sessions.clear)
        self.drop_model_instances()

    def forget_servlets(self) -> None:
        """Have the REST server forget all sessions, while the Intelligence Server keeps them."""
        self._on_loop(self._server.sessions.forget_servlets)

    def drop_instances(self) -> None:
        """Drop the instances of all sessions, as the server's idle clean-up does."""
        self._on_loop(self._server.sessions.drop_instances)

    def drop_model_instances(self) -> None:
        """Drop the instances of all data models, as the server's idle clean-up does; their publications go on."""
        self._on_loop(self._server.refreshes.drop)

    def republish(
        self, name: str, *, rows: int | None = None, seed: int | None = None, moved: bool = False
    ) -> None:
        """Publish a cube anew, a minute later by the time in the cube's cache; instances keep their data.

        ``rows`` and ``seed`` make other data, for a cube whose data follow from them. ``moved`` makes some rows
        change places, so that all totals and extremes stay. Raises KeyError for an unknown cube.
        """
        self._on_loop(lambda: self._server.republish(name, rows=rows, seed=seed, moved=moved))

    def change(self, name: str, *, rows: int | None = None, seed: int | None = None) -> None:
        """Set the rows and the seed of a cube's next publication, for a cube whose data follow from them.

        Raises KeyError for an unknown cube.
        """
        self._on_loop(lambda: self._server.publications.change(self.cubes[name], rows=rows, seed=seed))

    def finish_jobs(self) -> None:
        """End all executions and publications under way, as if their time was over."""
        self._on_loop(self._server.jobs.finish)

    def publish(self, name: str, *, seconds: float = 0.0, user: str = "administrator") -> None:
        """Publish a cube as another user, which takes ``seconds``. Raise KeyError for an unknown cube."""
        cube = self._server.catalogue.cubes[self.cubes[name]]
        self._on_loop(lambda: self._server.publications.start(cube, session="", user=user, seconds=seconds))

    @property
    def publications(self) -> int:
        """The number of publications of cubes that were started so far, by all users."""
        return self._server.publications.started

    def _on_loop(self, action: Callable[[], object]) -> None:
        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(_START_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - whatever it is, the starting thread raises it
            self._failure = error
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        runner = web.AppRunner(application(self._server), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, _HOST, self._port, backlog=512)
            await site.start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._stop.wait()
        finally:
            await _close(runner)


async def _close(runner: web.AppRunner) -> None:
    """Stop serving; connections that were just accepted, or that nobody reads, are closed before the loop is."""
    await asyncio.sleep(_LAST_ACCEPT_SECONDS)  # asyncio leaks a connection that it accepts while it closes
    connections = runner.server.connections if runner.server is not None else []
    transports = [connection.transport for connection in connections if connection.transport is not None]
    await runner.cleanup()
    for transport in transports:
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
    left = asyncio.all_tasks() - {asyncio.current_task()}  # of clients that went away before their answer was ready
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
