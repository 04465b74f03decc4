"""Servers to talk to: a small scripted Library, and the simulator with a connection to it."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable
from random import uniform
from typing import Any

import hypothesis
import pytest
from aiohttp import web

import mstr_arrow.opening
from mstr_arrow.config import Retry, Settings, Timeouts
from tests.support.servers import IDLE, settle
from tests.support.slow import thin

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONTEXT = "/MicroStrategyLibrary"
TOKEN = "token0123456789abcdefghijk"
COOKIE = 'a+b/c=="d'


hypothesis.settings.register_profile("short", max_examples=15, deadline=None)
hypothesis.settings.register_profile("slow", max_examples=300, deadline=None)
hypothesis.settings.load_profile("short")


class Library:
    """A Library that answers what a test tells it to, and counts log-ins and log-outs."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.handlers: dict[tuple[str, str], list[Handler]] = {}
        self.open_sessions = 0
        self.projects = [{"id": "A" * 32, "name": "Retail"}, {"id": "B" * 32, "name": "Finance"}]
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.on("GET", "/api/status", json={"iServerVersion": "11.5.0900.00123"})
        self.on("POST", "/api/auth/login", self._login)
        self.on("POST", "/api/auth/logout", self._logout)
        self.on("GET", "/api/sessions", json={"timeout": 1800})
        self.on("PUT", "/api/sessions", status=204)
        self.on("GET", "/api/sessions/userInfo", json={"id": "U1", "fullName": "Ann"})
        self.on("GET", "/api/projects", self._projects)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{CONTEXT}"

    def count(self, method: str, path: str) -> int:
        return self.requests.count((method, path))

    def on(
        self, method: str, path: str, handler: Handler | None = None, *, times: int | None = None, **answer: Any
    ) -> None:
        """Answer ``path`` with a handler or a fixed answer: always from now on, or the next ``times`` times."""

        async def fixed(_: web.Request) -> web.StreamResponse:
            if "json" in answer:
                return web.json_response(answer["json"], **{k: v for k, v in answer.items() if k != "json"})
            return web.Response(**answer)

        queue = self.handlers.setdefault((method, path), [])
        if times is None:
            queue[:] = [handler or fixed]
        else:
            queue[:0] = [handler or fixed] * times

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(CONTEXT)
        self.requests.append((request.method, path))
        self.headers.append(dict(request.headers))
        request._client_max_size = 2**25
        self.bodies.append(await request.read())
        handlers = self.handlers.get((request.method, path)) if request.path.startswith(CONTEXT) else None
        if not handlers:
            return web.json_response({"code": "ERR004", "message": "HTTP 404 Not Found"}, status=404)
        handler = handlers.pop(0) if len(handlers) > 1 else handlers[0]
        return await handler(request)

    async def _login(self, _: web.Request) -> web.StreamResponse:
        self.open_sessions += 1
        response = web.Response(status=204, headers={"X-MSTR-AuthToken": TOKEN})
        response.headers.add("Set-Cookie", f"JSESSIONID=J1; Path={CONTEXT}; Secure; HttpOnly")
        response.headers.add("Set-Cookie", f"AWSALB={COOKIE}; Path=/")
        return response

    async def _logout(self, _: web.Request) -> web.StreamResponse:
        self.open_sessions -= 1
        return web.Response(status=204)

    async def _projects(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self.projects)

    def __enter__(self):
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)
        return self

    async def _start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _end(self) -> None:
        await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


@pytest.fixture(autouse=True, scope="session")
def short_pauses():
    """Wait a hundredth of the pauses between repetitions, of which there are seconds by the usual settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mstr_arrow.http.retry.uniform", lambda least, most: uniform(least, most) / 100)
        yield


@pytest.fixture
def library():
    with Library() as server:
        yield server


@pytest.fixture
def quick() -> Settings:
    """Settings whose pauses are short, and whose time-outs no busy machine meets."""
    return Settings(
        timeouts=Timeouts(connect=20, read=20, execute=20, logout=1),
        retry=Retry(attempts=3, seconds=5, wait_initial=0.001, wait_max=0.01),
    )


@pytest.fixture
def retail(library, quick):
    """A connection to the scripted Library's project Retail."""
    connection = mstr_arrow.opening.connect(
        library.url, username="ann", password="secret", project="Retail", settings=quick
    )
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def simulator():
    """
    A simulated I-Server with a small Sales Cube, shared by all tests: leave no session open on it.

    It packs nothing, encodes a page once and is never still busy: what is about that has a server of its own.
    """
    from mstr_arrow.simulator import Simulator

    with Simulator(rows=2_000, **IDLE) as server:
        yield server


@pytest.fixture(autouse=True)
def _settled(request):
    """Begin a test where the shared simulator is done with those before."""
    if "simulator" in request.fixturenames:
        settle(request.getfixturevalue("simulator"))


@pytest.fixture
def connection(simulator, quick):
    """A connection to the simulator's project."""
    with mstr_arrow.opening.connect(
        simulator.url,
        username=simulator.username,
        password=simulator.password,
        project=simulator.project,
        settings=quick,
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder that the processes of a test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if folder.name.startswith("popen-") else folder


@pytest.fixture(scope="session")
def s3_address(run_folder):
    """A server of S3: moto, in a process of its own, as in the test's own Arrow and it wait for each other."""
    for module in ("obstore", "moto", "flask"):
        pytest.importorskip(module)
    from tests.support.stores import shared_process

    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"]
    small = {"S3_UPLOAD_PART_MIN_SIZE": "1"}  # real stores take no part below 5 MB
    with shared_process(run_folder, "s3", lambda port: [*command, str(port)], **small) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def s3(s3_address, monkeypatch):
    """A new bucket, and an environment that leads to it."""
    from tests.support.stores import S3, s3_environment

    for name, value in s3_environment(s3_address).items():
        monkeypatch.setenv(name, value)
    return S3(s3_address, f"bucket-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def use_keyring():
    """Have keyring use a backend, and the one before when the test ends."""
    keyring = pytest.importorskip("keyring")
    before = keyring.get_keyring()

    def use(backend):
        keyring.set_keyring(backend)
        return backend

    yield use
    keyring.set_keyring(before)


@pytest.hookimpl(tryfirst=True)  # before those marked as slow are left out
def pytest_collection_modifyitems(items):
    thin(items)


def pytest_collection_finish():
    """Leave what was collected out of all garbage collections, which would look through thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # there is little to be found: seldom enough costs a third as much
