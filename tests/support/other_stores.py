"""Azure by Azurite, and what stands in for Google Cloud Storage: moto's S3 behind a proxy that counts generations.

The emulator of Google's that PyPI has (gcp-storage-emulator) does not know the XML API, which obstore speaks. That
is S3's in all that is used here, but for versions, which are numbers in headers of Google's own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import threading
import urllib.parse
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.support.proxy import Proxy
from tests.support.stores import SOMEBODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.server import BaseHTTPRequestHandler

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that every Azurite has; no secret."""


class Seen:
    """A bucket or container, seen by obstore, and not by what is tested."""

    def __init__(self, root: str, store: Any) -> None:
        self._root = root
        self._store = store

    def uri(self, path: str) -> str:
        return f"{self._root}/{path}"

    def names(self) -> list[str]:
        import obstore

        return sorted(each["path"] for chunk in obstore.list(self._store) for each in chunk)

    def read(self, path: str) -> bytes:
        import obstore

        return bytes(obstore.get(self._store, path).bytes())

    def write(self, path: str, content: bytes) -> None:
        import obstore

        obstore.put(self._store, path, content)


def azure_environment(port: int) -> dict[str, str]:
    """Give the variables that lead to an Azurite."""
    return {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/{ACCOUNT}",
    }


def make_container(port: int, name: str) -> None:
    """Make a container, which obstore does not."""
    headers = {
        "x-ms-date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "x-ms-version": "2021-08-06",
    }
    named = "".join(f"{key}:{value}\n" for key, value in headers.items())
    signed = "PUT" + "\n" * 12 + named + f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    digest = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{name}?restype=container"
    urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers), timeout=30).close()


class LikeGoogle(Proxy):
    """A proxy in front of moto that answers as Google's XML API does, as far as that differs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._generations: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        key, _, query = request.path.partition("?")
        key = urllib.parse.quote(
            urllib.parse.unquote(key)
        )  # obstore writes slashes as %2F, which moto does not read
        path = f"{key}?{query}" if query else key
        with self._lock:
            wanted = request.headers.get("x-goog-if-generation-match")
            there = self._generations[key] if self._ask("HEAD", key, b"", {})[0] == 200 else 0
            if wanted is not None and int(wanted) != there and self._bucket_is_there(key):
                said = b"<Error><Code>PreconditionFailed</Code><Message>No.</Message></Error>"
                self._send(request, 412, {}, said)
                return
            unlike = ("x-goog", "authorization")
            headers = {
                name: value for name, value in request.headers.items() if not name.lower().startswith(unlike)
            }
            status, answered, content = self._ask(request.command, path, body, headers)
            makes = request.command == "PUT" and "uploadId" not in query
            if status == 200 and (makes or (request.command == "POST" and "uploadId" in query)):
                self._generations[key] += 1
            if status < 300 and self._generations[key]:
                answered["x-goog-generation"] = str(self._generations[key])
        self._send(request, status, answered, content)

    def _bucket_is_there(self, key: str) -> bool:
        return self._ask("GET", f"/{key.split('/')[1]}?list-type=2", b"", {})[0] == 200

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        upstream.request(method, path, body or None, {**headers, "Authorization": SOMEBODY["Authorization"]})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OURS}
        if method == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length") or "0"
        return answer.status, kept, content

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
        request.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


_OURS = {"transfer-encoding", "content-length", "connection"}
