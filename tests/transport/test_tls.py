import shutil
import ssl
import subprocess

import pytest
from aiohttp import web

from mstr_arrow import errors
from mstr_arrow.config import Settings, Tls
from mstr_arrow.transport import background
from mstr_arrow.transport.http import Http

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of localhost."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    command = ["openssl", "req", "-x509", "-days", "2", *curve, *subject, *files]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603  fixed arguments
    return folder


async def _visit(certificate, tls, scheme):
    """Ask a server with that certificate for its status."""

    async def status(_):
        return web.json_response({"ok": True})

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    runner = web.ServerRunner(web.Server(status))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context if scheme == "https" else None).start()
    http = Http(f"https://localhost:{runner.addresses[0][1]}", Settings(tls=tls))
    try:
        return (await http.request("GET", "status", project=False)).json()
    finally:
        await http.aclose()
        await runner.cleanup()


def visit(certificate, tls, scheme="https"):
    return background.run(_visit(certificate, tls, scheme))


def test_an_unknown_authority_is_refused_with_the_way_out(certificate):
    with pytest.raises(errors.TlsError, match=r"self.signed") as caught:
        visit(certificate, Tls())
    assert "ca_file" in caught.value.hint


@pytest.mark.parametrize("how", ["ca_file", "verify"])
def test_a_certificate_can_be_trusted(certificate, how):
    tls = Tls(ca_file=str(certificate / "cert.pem")) if how == "ca_file" else Tls(verify=False)
    assert visit(certificate, tls) == {"ok": True}


def test_a_port_without_tls_is_told_from_a_bad_certificate(certificate):
    with pytest.raises(errors.TlsError) as caught:
        visit(certificate, Tls(), scheme="http")
    assert "http://" in caught.value.hint
