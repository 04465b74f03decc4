from __future__ import annotations

import pytest

from mstr_arrow.simulator import Simulator

EXPIRED = (401, "ERR009", None)


def test_status_needs_no_session_and_tells_the_versions(sim, new_client):
    reply = new_client(sim).send("GET", "/api/status")
    assert (reply.status, reply.json["iServerVersion"]) == (200, "11.5.0900.00123")


def test_login_gives_token_and_cookies(sim, new_client):
    client = new_client(sim)
    reply = client.login()
    cookies = reply.headers.get_all("Set-Cookie")
    assert (reply.status, reply.body) == (204, b"")
    assert cookies[0].startswith("JSESSIONID=")
    assert cookies[0].endswith("; Path=/MicroStrategyLibrary; HttpOnly")
    assert cookies[1].startswith(f"iSession={reply.headers['X-MSTR-AuthToken']};")
    assert {"+", "/", "="} <= set(cookies[2].split(";")[0].partition("=")[2])
    assert client.send("GET", "/api/sessions").status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"loginMode": 1},
        {"loginMode": "16"},
        {"loginMode": 8, "username": "", "password": ""},
        {"applicationType": "35"},
    ],
)
def test_modes_and_numbers_as_text_are_accepted(sim, new_client, fields):
    client = new_client(sim)
    assert client.login(**fields).status == 204
    assert client.send("GET", "/api/sessions/userInfo").json["metadataUser"] is True


def test_api_token_logs_in_without_password(sim, new_client):
    client = new_client(sim)
    assert client.login(loginMode=4096, username=sim.api_token, password="").status == 204
    assert client.send("GET", "/api/sessions/userInfo").json["fullName"] == sim.username


def test_form_encoded_login(sim, new_client):
    client = new_client(sim)
    body = f"username={sim.username}&password={sim.password}&loginMode=1"
    reply = client.send(
        "POST", "/api/auth/login", body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert reply.status == 204


def test_wrong_password_is_refused(sim, new_client):
    reply = new_client(sim).login(password="wrong")
    assert reply.error == (401, "ERR003", -2147216959)
    assert len(reply.json["ticketId"]) == 32
    assert b"wrong" not in reply.body


def test_unknown_application_type_violates_constraints(sim, new_client):
    reply = new_client(sim).login(applicationType=999)
    assert reply.status == 400
    assert "constraint violations" in reply.json["message"]


def test_old_server_does_not_know_the_python_application(new_client):
    with Simulator(rows=1, iserver_version="11.3.0600.00001") as old:
        assert new_client(old).login(applicationType=76).status == 400
        assert new_client(old).login(applicationType=35).status == 204


@pytest.mark.parametrize("name", ["JSESSIONID", "AWSALB"])
def test_session_without_one_of_its_cookies_is_refused(client, name):
    kept = [pair for pair in client.headers["Cookie"].split("; ") if not pair.startswith(name)]
    assert client.send("GET", "/api/sessions", headers={"Cookie": "; ".join(kept)}).error == EXPIRED


def test_quoted_load_balancer_cookie_is_refused(client):
    session, token, balancer = client.headers["Cookie"].split("; ")
    name, _, value = balancer.partition("=")
    quoted = f'{session}; {token}; {name}="{value}"'
    assert client.send("GET", "/api/sessions", headers={"Cookie": quoted}).error == EXPIRED


def test_cookie_of_another_session_is_refused(sim, client, new_client):
    other = new_client(sim)
    other.login()
    assert client.send("GET", "/api/sessions", headers={"Cookie": other.headers["Cookie"]}).error == EXPIRED


def test_load_balancer_can_be_left_out(new_client):
    with Simulator(rows=1, balancer_cookie=False) as plain:
        client = new_client(plain)
        assert len(client.login().headers.get_all("Set-Cookie")) == 2
        assert client.send("GET", "/api/sessions").status == 200


def test_logout_ends_the_session(new_client):
    with Simulator(rows=1) as sim:
        client = new_client(sim)
        client.login()
        assert sim.open_sessions == 1
        assert sim.open_uploads == {client.headers["X-MSTR-AuthToken"]: set()}
        assert client.send("POST", "/api/auth/logout").status == 204
        assert sim.open_sessions == 0
        assert not sim.open_uploads
        assert client.send("GET", "/api/sessions").error == EXPIRED


def test_idle_session_expires_and_every_request_renews_it(new_client):
    now = [0.0]
    with Simulator(rows=1, session_timeout=100, clock=lambda: now[0]) as sim:
        client = new_client(sim)
        client.login()
        for now[0] in (90.0, 180.0):
            assert client.send("PUT", "/api/sessions").status == 204
        now[0] = 281.0
        assert sim.open_sessions == 0
        assert client.send("GET", "/api/sessions").error == EXPIRED


def test_one_session_too_many_is_refused_when_it_uses_the_project(new_client):
    with Simulator(rows=1, max_sessions_per_user=2) as sim:
        clients = [new_client(sim) for _ in range(3)]
        for client in clients:
            assert client.login().status == 204
        replies = [client.send("GET", "/api/searches/results") for client in clients]
        assert [reply.status for reply in replies] == [200, 200, 500]
        assert replies[2].error == (500, "ERR001", -2147072486)
        clients[0].send("POST", "/api/auth/logout")
        assert clients[2].send("GET", "/api/searches/results").status == 200


def test_session_tells_timeout_and_working_set(sim, new_client):
    client = new_client(sim)
    client.login(workingSet=3)
    info = client.send("GET", "/api/sessions").json
    assert (info["timeout"], info["workingSet"], info["maxSearch"]) == (1800, 3, 3)


def test_restarted_server_forgets_sessions(new_client):
    with Simulator(rows=1) as sim:
        client = new_client(sim)
        client.login()
        sim.expire_sessions()
        assert sim.open_sessions == 0
        assert client.send("GET", "/api/sessions").error == EXPIRED


def test_requests_are_recorded_without_showing_secrets(new_client):
    with Simulator(rows=1, password="s3cret-word") as sim:
        client = new_client(sim)
        client.login()
        client.send("GET", "/api/searches/results", name="a b", type=3)
        login, search = sim.requests
        assert (login.method, login.path, login.status) == ("POST", "/api/auth/login", 204)
        assert b"s3cret-word" in login.body
        assert (search.query, search.headers["x-mstr-projectid"]) == ({"name": "a b", "type": "3"}, sim.project_id)
        assert "s3cret-word" not in repr(sim.requests) + repr(sim.settings)
        assert client.headers["X-MSTR-AuthToken"] not in repr(sim.requests)
