"""Object stores on the loopback, each a process of its own, shared by the processes of one test run."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def shared_process(
    folder: Path, name: str, command: Callable[[int], list[str]], **environment: str
) -> Iterator[int]:
    """Run a server, or use the one that another test process runs; give its port. The last user ends it."""
    state = folder / f"{name}.json"
    with _locked(folder / f"{name}.lock"):
        known = json.loads(state.read_text()) if state.exists() else None
        known = known or _started(command, folder / f"{name}.log", environment)
        state.write_text(json.dumps(known | {"users": known["users"] + 1}))
    try:
        yield known["port"]
    finally:
        with _locked(folder / f"{name}.lock"):
            known = json.loads(state.read_text())
            state.write_text(json.dumps(known | {"users": known["users"] - 1}))
            if known["users"] == 1:
                state.unlink()
                os.kill(known["pid"], signal.SIGTERM)
                with suppress(ChildProcessError):
                    os.waitpid(known["pid"], 0)


def _started(command: Callable[[int], list[str]], log: Path, environment: dict[str, str]) -> dict[str, int]:
    port, none = free_port(), subprocess.DEVNULL
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port), stdout=output, stderr=output, stdin=none, env=os.environ | environment
        )
    for _ in range(600):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                process.returncode = 0  # it is waited for by whoever ends it: no warning that it still runs
                return {"port": port, "pid": process.pid, "users": 0}
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"{command(port)} did not start: {log.read_text()}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


SOMEBODY = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, "
    "Signature=0",
    "Content-Type": "application/octet-stream",
}
"""What moto takes for a signature: it looks at none."""


class S3:
    """A bucket, seen with requests of our own."""

    scheme = "s3"

    def __init__(self, address: str, bucket: str) -> None:
        self.address = address
        self.bucket = bucket
        self.ask("PUT", f"/{bucket}")

    def uri(self, path: str) -> str:
        return f"s3://{self.bucket}/{path}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        url = f"{self.address}{path}"
        request = urllib.request.Request(url, data=body, method=method, headers=SOMEBODY)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def names(self) -> list[str]:
        """List what anybody sees."""
        found = ET.fromstring(self.ask("GET", f"/{self.bucket}?list-type=2"))
        return [key.text or "" for key in found.iter() if key.tag.endswith("}Key")]

    def open_uploads(self) -> list[str]:
        """List the keys of uploads that have begun and not ended."""
        found = ET.fromstring(self.ask("GET", f"/{self.bucket}?uploads"))
        uploads = [each for each in found.iter() if each.tag.rpartition("}")[2] == "Upload"]
        return [each.text or "" for upload in uploads for each in upload if each.tag.endswith("Key")]

    def read(self, path: str) -> bytes:
        return self.ask("GET", f"/{self.bucket}/{urllib.parse.quote(path)}")

    def write(self, path: str, content: bytes) -> None:
        self.ask("PUT", f"/{self.bucket}/{urllib.parse.quote(path)}", content)


def s3_environment(address: str) -> dict[str, str]:
    """Give the variables that lead to a server of S3."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
