import orjson
import pytest

from mstr_arrow.errors import ServerBusy, ServerError
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


@pytest.mark.parametrize("told", [{"code": "ERR001", "iServerCode": -2147072542}, {"code": "ERR006"}])
def test_another_refusal_is_final(library, quick, told):
    library.on("POST", "/api/auth/login", status=500, json={"message": "no", **told})
    with pytest.raises(ServerError):
        connect(library.url, settings=quick)
    assert len(logins(library)) == 1


def test_a_log_in_without_an_answer_is_sent_once_more_and_not_again(library, quick):
    library.on("POST", "/api/auth/login", status=502, text="<html>Bad Gateway</html>")
    with pytest.raises(ServerError):
        connect(library.url, settings=quick)
    assert len(logins(library)) == 2


def test_an_identity_token_is_sent_once(library, quick):
    library.on("POST", "/api/auth/delegate", status=502, text="<html>Bad Gateway</html>")
    with pytest.raises(ServerError):
        connect(library.url, identity_token="t", settings=quick)
    assert library.count("POST", "/api/auth/delegate") == 1


def test_a_lost_log_in_is_named_where_there_are_too_many_sessions(library, quick):
    refusal = {"code": "ERR001", "iServerCode": -2147072486, "message": "max"}
    library.on("POST", "/api/auth/login", status=500, json=refusal)
    library.on("POST", "/api/auth/login", times=1, status=504, text="")
    with pytest.raises(ServerBusy, match="The answer to a log-in was lost just now") as caught:
        connect(library.url, settings=quick)
    assert "Too many sessions" in caught.value.hint


def test_too_many_sessions_say_what_to_do(library, quick):
    refusal = {"code": "ERR001", "iServerCode": -2147072486, "message": "max"}
    library.on("POST", "/api/auth/login", status=500, json=refusal)
    with pytest.raises(ServerError, match="log out idle ones"):
        connect(library.url, settings=quick)
