"""A page in headless Chromium, watched by the DevTools protocol: requests, errors, sizes, pictures."""

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
from dataclasses import dataclass, field

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60.0
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0"),
)


def find():
    """Give the path of a browser, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Seen:
    """What a page asked for, what it complained of, and what ``look`` returned in it."""

    requests: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    picture: bytes = b""


def visit(
    url, folder, *, width=1280, height=900, dark=False, looks=None, until="document.readyState === 'complete'"
):
    """Open a page in a browser of its own, wait ``until`` an expression holds, and evaluate ``looks`` in it."""
    return asyncio.run(_visit(url, folder, width, height, dark, looks or {}, until))


async def _visit(url, folder, width, height, dark, looks, until):
    command = [find(), *FLAGS, f"--user-data-dir={folder}", "about:blank"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: ASYNC220 - no other task waits here
    try:
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession() as http:
            address = await _address(http, folder)
            async with http.ws_connect(address, max_msg_size=0) as socket:
                page = _Page(socket)
                reading = asyncio.create_task(page.read())
                try:
                    return await page.look(url, width, height, dark, looks, until)
                finally:
                    reading.cancel()
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.poll() is None:
            process.kill()


async def _address(http, folder):
    """Wait for the browser to say where its page is debugged."""
    while True:
        with contextlib.suppress(OSError, ValueError, IndexError, aiohttp.ClientError):
            port = (folder / "DevToolsActivePort").read_text().split()[0]
            async with http.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            return pages[0]["webSocketDebuggerUrl"]
        await asyncio.sleep(0.05)


class _Page:
    def __init__(self, socket):
        self._socket = socket
        self._number = 0
        self._answers = {}
        self.seen = Seen()

    async def read(self):
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
                continue
            what, values = told["method"], told["params"]
            if what == "Network.requestWillBeSent":
                self.seen.requests.append(values["request"]["url"])
            elif what == "Runtime.exceptionThrown":
                self.seen.errors.append(values["exceptionDetails"]["text"])
            elif what == "Runtime.consoleAPICalled" and values["type"] in {"error", "warning", "assert"}:
                self.seen.errors.append(str(values["args"]))
            elif what == "Log.entryAdded" and values["entry"]["level"] in {"error", "warning"}:
                self.seen.errors.append(values["entry"]["text"])

    async def send(self, method, **values):
        self._number += 1
        turn = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._number, "method": method, "params": values})
        told = await turn
        assert "error" not in told, told
        return told["result"]

    async def evaluate(self, expression):
        return (await self.send("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get(
            "value"
        )

    async def look(self, url, width, height, dark, looks, until):
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.send(f"{domain}.enable")
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.send("Emulation.setEmulatedMedia", features=scheme)
        await self.send("Page.navigate", url=url)
        while not await self.evaluate(until):  # noqa: ASYNC110 - it is another process that is waited for
            await asyncio.sleep(0.05)
        self.seen.values = {name: await self.evaluate(expression) for name, expression in looks.items()}
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=True)
        self.seen.picture = base64.b64decode(shot["data"])
        return self.seen
