"""A bucket of S3 on the loopback, by moto in a process of its own: in one process with Arrow both would wait."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Iterator

URI = "s3://bench/sales"

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def bucket() -> Iterator[None]:
    """Have a new bucket, which the environment leads to."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", address.rpartition(":")[2]]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as server:
        try:
            _make(f"{address}/bench")
            with patch.dict(os.environ, _ENVIRONMENT | {"AWS_ENDPOINT_URL": address}):
                yield
        finally:
            server.terminate()


def filesystem() -> Any:
    """Open it as pyarrow does."""
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(
        access_key="bench",
        secret_key="bench",  # moto looks at none
        region="us-east-1",
        endpoint_override=os.environ["AWS_ENDPOINT_URL"],
    )


def _make(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=10):  # noqa: S310 - here
                return
        except ConnectionError:
            time.sleep(0.1)
        except OSError as error:  # the answer to a server that does not listen yet
            if not isinstance(getattr(error, "reason", None), ConnectionError):
                raise
            time.sleep(0.1)
    raise RuntimeError("moto did not start")
