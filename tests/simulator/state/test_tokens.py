from __future__ import annotations

import pytest

from mstr_arrow.simulator import Simulator

EXPIRED = (401, "ERR009", None)
REFUSED = (401, "ERR003", -2147216959)


@pytest.fixture
def identity(client):
    """A token that shares the client's session."""
    return client.send("POST", "/api/auth/identityToken").headers["X-MSTR-IdentityToken"]


def delegated(sim, new_client, token, mode="-1"):
    client = new_client(sim)
    reply = client.send("POST", "/api/auth/delegate", {"loginMode": mode, "identityToken": token})
    if reply.status == 204:
        cookies = [cookie.split(";")[0] for cookie in reply.headers.get_all("Set-Cookie")]
        client.headers["Cookie"] = "; ".join(cookies)
        client.headers["X-MSTR-AuthToken"] = reply.headers["X-MSTR-AuthToken"]
    return client, reply


@pytest.mark.parametrize("mode", [-1, "-1"])
def test_an_identity_token_opens_a_session_of_its_own_keys(sim, client, new_client, identity, mode):
    other, reply = delegated(sim, new_client, identity, mode)
    assert reply.status == 204
    assert other.headers["X-MSTR-AuthToken"] != client.headers["X-MSTR-AuthToken"]
    assert other.send("GET", "/api/sessions/userInfo").json["fullName"] == sim.username


def test_an_identity_token_can_be_checked(client, identity):
    check = {"X-MSTR-IdentityToken": identity}
    assert client.send("GET", "/api/auth/identityToken", headers=check).status == 200
    check["X-MSTR-IdentityToken"] = "garbage"
    assert client.send("GET", "/api/auth/identityToken", headers=check).error == REFUSED


def test_garbage_opens_nothing(sim, new_client):
    assert delegated(sim, new_client, "garbage")[1].error == REFUSED
    assert delegated(sim, new_client, "garbage", mode=1)[1].status == 400
    assert new_client(sim).login(loginMode=4096, username="garbage", password="").error == REFUSED
    lost = new_client(sim)
    lost.headers |= {"X-MSTR-AuthToken": "garbage", "Cookie": "JSESSIONID=garbage"}
    reply = lost.send("GET", "/api/sessions")
    assert reply.error == EXPIRED
    assert reply.headers["Set-Cookie"].startswith("JSESSIONID=")


def test_a_delegated_log_out_ends_the_session_it_shares(new_client):
    with Simulator(rows=1) as sim:
        client, stranger = new_client(sim), new_client(sim)
        client.login()
        stranger.login()
        token = client.send("POST", "/api/auth/identityToken").headers["X-MSTR-IdentityToken"]
        other, _ = delegated(sim, new_client, token)
        assert other.send("POST", "/api/auth/logout").status == 204
        assert client.send("GET", "/api/sessions").error == EXPIRED
        assert stranger.send("GET", "/api/sessions").status == 200
        assert delegated(sim, new_client, token)[1].error == REFUSED


def test_a_log_out_may_end_all_sessions_of_the_user_but_of_no_other(new_client):
    with Simulator(rows=1, logout_ends_all=True) as sim:
        first, second, guest = (new_client(sim) for _ in range(3))
        first.login()
        second.login()
        guest.login(loginMode=8)
        assert first.send("POST", "/api/auth/logout").status == 204
        assert second.send("GET", "/api/sessions").error == EXPIRED
        assert guest.send("GET", "/api/sessions").status == 200


def test_api_tokens_log_in_as_who_made_them_or_whom_they_were_made_for(sim, client, new_client):
    own = client.send("POST", "/api/auth/apiTokens").json["apiToken"]
    guest = new_client(sim)
    guest.login(loginMode=8)
    guest_id = guest.send("GET", "/api/sessions/userInfo").json["id"]
    others = client.send("POST", "/api/auth/apiTokens", {"userId": guest_id}).json["apiToken"]
    for token, name in ((own, sim.username), (others, "guest")):
        user = new_client(sim)
        assert user.login(loginMode=4096, username=token, password="").status == 204
        assert user.send("GET", "/api/sessions/userInfo").json["fullName"] == name
    assert client.send("POST", "/api/auth/apiTokens", {"userId": "F" * 32}).status == 404


def test_the_rest_server_may_forget_a_session_that_lives_on(new_client):
    now = [0.0]
    with Simulator(rows=1, servlet_timeout=50, clock=lambda: now[0]) as sim:
        client = new_client(sim)
        client.login()
        now[0] = 49.0
        assert client.send("GET", "/api/sessions").status == 200
        now[0] = 100.0
        assert client.send("GET", "/api/sessions").error == EXPIRED
        assert sim.open_sessions == 1
        client.login()
        sim.forget_servlets()
        assert client.send("GET", "/api/sessions").error == EXPIRED


def test_a_session_tells_what_its_log_in_asked_for(sim, new_client):
    client = new_client(sim)
    client.login(maxSearch=5, metadataLocale="de_de", timeZone="UTC")
    info = client.send("GET", "/api/sessions").json
    assert (info["maxSearch"], info["metadataLocale"], info["displayLocale"]) == (5, "de_de", "en_us")
