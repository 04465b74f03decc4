import asyncio
import contextlib
import socket
import ssl
import threading
import warnings
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.config import Tls

PASSWORD = "k3y-s3cr3t"


@pytest.fixture
def visit(simulator, quick):
    """Log in with settings of TLS and say who is there."""

    def go(url, **tls):
        settings = replace(quick, tls=Tls(**tls))
        login = {"username": simulator.username, "password": simulator.password}
        with ma.connect(url, settings=settings, **login) as connection:
            return connection.user().name

    return go


def test_an_unknown_authority_is_refused_with_the_way_out(secure, visit):
    with pytest.raises(errors.TlsError, match="unable to get local issuer certificate") as caught:
        visit(secure.url)
    assert "ca_file" in caught.value.hint
    assert "system_store" in caught.value.hint


@pytest.mark.parametrize("how", ["file", "text", "bundle", "folder"])
def test_an_authority_can_be_trusted(how, secure, visit, ca_file, tmp_path):
    import trustme

    other = trustme.CA().cert_pem.bytes()
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(other + ca_file.read_bytes())
    (tmp_path / "other.pem").write_bytes(other)
    (tmp_path / "README.txt").write_text("no certificate")
    tls = {
        "file": {"ca_file": ca_file},
        "text": {"ca_file": str(ca_file)},
        "bundle": {"ca_file": bundle},
        "folder": {"ca_folder": tmp_path},
    }[how]
    assert visit(secure.url, **tls) == "demo"


def test_another_authority_is_not_enough(secure, visit, tmp_path):
    import trustme

    (tmp_path / "other.pem").write_bytes(trustme.CA().cert_pem.bytes())
    with pytest.raises(errors.TlsError):
        visit(secure.url, ca_folder=tmp_path)


def test_the_store_of_the_operating_system_is_used_on_request(secure, visit, ca_file, monkeypatch):
    pytest.importorskip("truststore")
    with pytest.raises(errors.TlsError):
        visit(secure.url, system_store=True)
    assert visit(secure.url, system_store=True, ca_file=ca_file) == "demo"
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))  # the system's own, as far as OpenSSL knows
    assert visit(secure.url, system_store=True) == "demo"


def test_a_missing_extra_is_named(secure, visit, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "truststore", None)
    with pytest.raises(errors.UsageError, match="truststore") as caught:
        visit(secure.url, system_store=True)
    assert "pip install 'mstr-arrow[truststore]'" in caught.value.hint


def test_no_certificate_is_picked_up_from_the_working_directory(secure, visit, ca_file, tmp_path, monkeypatch):
    for name in ("ca.pem", "cert.pem", "certificate.pem", "cacert.pem", "server.crt"):
        (tmp_path / name).write_bytes(ca_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.TlsError):
        visit(secure.url)


def test_checking_is_left_out_with_one_warning_for_each_connection(secure, simulator, visit, recwarn):
    assert visit(secure.url, verify=False) == "demo"
    assert [(each.category, each.filename) for each in recwarn] == [(errors.InsecureWarning, __file__)]
    recwarn.clear()
    visit(simulator.url, verify=False)  # no TLS, nothing to check
    assert not list(recwarn)


IN_CLEAR = "http://bi.example.invalid/MicroStrategyLibrary"


def by_text(settings):
    with ma.connect(IN_CLEAR, username="ann", password="x", settings=settings):
        pass


def by_a_function(settings):
    with ma.connect(lambda: IN_CLEAR, username="ann", password="x", settings=settings):
        pass


def by_a_session(settings):
    ma.Connection.from_session({"base_url": IN_CLEAR, "token": "T", "cookies": {}}, settings=settings)


def asynchronously(settings):
    async def main():
        async with ma.connect_async(IN_CLEAR, username="ann", password="x", settings=settings):
            pass

    asyncio.run(main())


def asynchronously_by_a_function(settings):
    async def main():
        await ma.connect_async(lambda: IN_CLEAR, username="ann", password="x", settings=settings)

    asyncio.run(main())


WAYS_IN = [by_text, by_a_function, by_a_session, asynchronously, asynchronously_by_a_function]


@pytest.mark.parametrize("visit", WAYS_IN)
def test_a_password_in_clear_to_another_machine_is_warned_of_once(quick, recwarn, visit):
    with pytest.raises(errors.MstrError):
        visit(quick)
    assert [(each.category, each.filename) for each in recwarn] == [(errors.InsecureWarning, __file__)]
    said = str(recwarn[0].message)
    assert f"{IN_CLEAR} is not encrypted" in said
    assert "warnings.simplefilter('ignore', mstr_arrow.errors.InsecureWarning)" in said
    warnings.simplefilter("ignore", errors.InsecureWarning)
    recwarn.clear()
    with pytest.raises(errors.MstrError):
        visit(quick)
    assert not list(recwarn)


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost:9", "[::1]:9", "127.8.9.1:9"])
def test_this_machine_needs_no_encryption(quick, recwarn, host):
    with pytest.raises(errors.MstrError):
        ma.connect(f"http://{host}", settings=quick)
    assert not list(recwarn)


def test_an_asynchronous_connection_warns_too(secure, quick):
    with pytest.warns(errors.InsecureWarning, match="not checked"):
        ma.connect_async(secure.url, settings=replace(quick, tls=Tls(verify=False)))


def test_a_certificate_of_another_host_is_refused(simulator, authority, tls_front, visit, ca_file):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("bi.example.com").configure_cert(context)
    front = tls_front(urlsplit(simulator.url).port, context)
    with pytest.raises(errors.TlsError, match="Hostname mismatch"):
        visit(front.url, ca_file=ca_file)


def test_a_port_without_tls_is_told_from_a_bad_certificate(simulator, visit):
    with pytest.raises(errors.TlsError) as caught:
        visit(simulator.url.replace("http://127.0.0.1", "https://localhost"))
    assert "http://" in caught.value.hint


@pytest.fixture
def mutual(authority, simulator, tls_front):
    """A server that wants a certificate of its client."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.issue_cert("localhost").configure_cert(context)
    return tls_front(urlsplit(simulator.url).port, context)


@pytest.fixture(scope="module")
def identity(authority, tmp_path_factory):
    """A client's certificate: ``all.pem``, ``cert.pem`` and ``key.pem``, ``locked.pem`` (its key, encrypted)."""
    from cryptography.hazmat.primitives import serialization

    folder = tmp_path_factory.mktemp("identity")
    certificate = authority.issue_cert("ann@example.com")
    key = certificate.private_key_pem.bytes()
    (folder / "key.pem").write_bytes(key)
    (folder / "cert.pem").write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    (folder / "all.pem").write_bytes(certificate.private_key_and_cert_chain_pem.bytes())
    locked = serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    (folder / "locked.pem").write_bytes(locked)
    return folder


async def _later():
    return PASSWORD


@pytest.mark.parametrize(
    ("cert", "key", "password"),
    [
        ("all.pem", None, None),
        ("cert.pem", "key.pem", None),
        ("cert.pem", "locked.pem", PASSWORD),
        ("cert.pem", "locked.pem", lambda: PASSWORD),
        ("cert.pem", "locked.pem", _later),
    ],
)
def test_a_certificate_of_the_client_is_shown(cert, key, password, mutual, identity, visit, ca_file):
    files = {"cert_file": identity / cert, "key_file": identity / key if key else None}
    assert visit(mutual.url, ca_file=ca_file, key_password=password, **files) == "demo"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_misses_a_certificate_is_understood(version, authority, visit, ca_file):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.issue_cert("localhost").configure_cert(context)
    visits = []

    def serve():  # with plain sockets: asyncio keeps the reason to itself
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            visits.append(client)
            with context.wrap_socket(client, server_side=True, do_handshake_on_connect=False) as tls:
                with contextlib.suppress(ssl.SSLError):
                    tls.do_handshake()
                tls.shutdown(socket.SHUT_WR)
                while tls.recv(65536):  # to the end: closing earlier would cut off the reason
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(errors.TlsError) as caught:
            visit(f"https://localhost:{listener.getsockname()[1]}", ca_file=ca_file)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert "cert_file" in caught.value.hint
    assert len(visits) == 1, "another try would end the same"


@pytest.mark.parametrize(
    ("cert", "key", "password", "said"),
    [
        ("cert.pem", "locked.pem", None, "needs a password"),
        ("cert.pem", "locked.pem", "wr0ng", "does not open"),
        ("missing.pem", None, None, "No such file"),
        ("key.pem", None, None, "no PEM"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_named(cert, key, password, said, secure, identity, visit):
    files = {"cert_file": identity / cert, "key_file": identity / key if key else None}
    with pytest.raises(errors.UsageError, match=said) as caught:
        visit(secure.url, key_password=password, **files)
    assert cert in str(caught.value)
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize("field", ["ca_file", "ca_folder"])
def test_an_authority_that_cannot_be_read_is_named(field, secure, visit, tmp_path):
    bad = tmp_path / "ca.pem"
    bad.write_text("nonsense")
    for path in (tmp_path if field == "ca_folder" else bad, tmp_path / "missing"):
        with pytest.raises(errors.UsageError, match=rf"Tls\.{field}") as caught:
            visit(secure.url, **{field: path})
        assert path.name in str(caught.value)


def test_a_folder_without_certificates_is_named(secure, visit, tmp_path):
    with pytest.raises(errors.UsageError, match="holds no certificate"):
        visit(secure.url, ca_folder=tmp_path)
