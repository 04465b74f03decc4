import orjson
import pytest

from mstr_arrow.errors import ServerError
from mstr_arrow.opening import connect
from mstr_arrow.session.login import LOCALE


def logins(library):
    return [
        orjson.loads(body)
        for request, body in zip(library.requests, library.bodies, strict=True)
        if request == ("POST", "/api/auth/login")
    ]


@pytest.mark.parametrize(("version", "application"), [("11.5.0600.1", 76), ("11.4.1200.1", 35), (None, 76)])
def test_the_application_type_follows_the_version(library, quick, version, application):
    library.on("GET", "/api/status", json={"iServerVersion": version} if version else {})
    connect(library.url, username="ann", password="secret", settings=quick).close()
    expected = {"loginMode": 1, "username": "ann", "password": "secret", "applicationType": application, **LOCALE}
    assert logins(library) == [expected]


def test_a_server_that_does_not_know_the_client_is_told_another(library, quick):
    library.on("POST", "/api/auth/login", times=1, status=400, json={"message": "1 constraint violations: type"})
    connect(library.url, settings=quick).close()
    assert [body["applicationType"] for body in logins(library)] == [76, 35]


def test_another_refusal_is_final(library, quick):
    library.on("POST", "/api/auth/login", status=500, json={"code": "ERR001", "message": "no"})
    with pytest.raises(ServerError):
        connect(library.url, settings=quick)
    assert len(logins(library)) == 1


def test_too_many_sessions_say_what_to_do(library, quick):
    refusal = {"code": "ERR001", "iServerCode": -2147072486, "message": "max"}
    library.on("POST", "/api/auth/login", status=500, json=refusal)
    with pytest.raises(ServerError, match="log out idle ones"):
        connect(library.url, settings=quick)
