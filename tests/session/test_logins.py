"""Each way in, over HTTP, against the simulator."""

import asyncio
import threading

import orjson
import pytest

from mstr_arrow import errors
from mstr_arrow.config import SessionSettings, Settings
from mstr_arrow.opening import connect, connect_async
from mstr_arrow.simulator import Simulator


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=10) as simulator:
        yield simulator


@pytest.fixture
def ann(server, quick):
    """A user's connection, from which others are delegated."""
    with connect(server.url, username=server.username, password=server.password, settings=quick) as connection:
        yield connection


def credentials(server, ann, mode):
    return {
        "standard": {"username": server.username, "password": server.password},
        "LDAP": {"username": server.username, "password": server.password, "login_mode": 16},
        "guest": {},
        "API token": {"api_key": ann.create_api_token()},
        "identity token": {"identity_token": ann.identity_token()},
        "session": {"session": ann.save_session()},
    }[mode]


modes = pytest.mark.parametrize("mode", ["standard", "LDAP", "guest", "API token", "identity token", "session"])


@modes
def test_each_mode_opens_a_session_that_reads(server, ann, quick, mode):
    name = "guest" if mode == "guest" else server.username
    with connect(server.url, **credentials(server, ann, mode), project=server.project, settings=quick) as conn:
        assert (conn.user().name, conn.has_session) == (name, True)
        assert conn.cube("Sales Cube").to_arrow().num_rows == 10
    assert conn.closed
    assert not conn.has_session


@modes
def test_each_mode_serves_the_callers_loop(server, ann, quick, mode):
    async def main():
        async with connect_async(server.url, **credentials(server, ann, mode), settings=quick) as conn:
            info = await conn.session_info_async()
            return await conn.has_session_async(), info.timeout, (await conn.user_info_async()).name

    name = "guest" if mode == "guest" else server.username
    assert asyncio.run(main()) == (True, 1800.0, name)


@modes
def test_only_a_session_of_our_own_is_logged_out(server, ann, quick, mode):
    options = credentials(server, ann, mode)
    logged_out = [r.path for r in server.requests].count("/api/auth/logout")
    connect(server.url, **options, settings=quick).close()
    foreign = mode in {"identity token", "session"}
    assert [r.path for r in server.requests].count("/api/auth/logout") == logged_out + (not foreign)
    assert ann.has_session


def test_a_delegated_session_is_logged_out_on_request(server, quick):
    ann = connect(server.url, username=server.username, password=server.password, settings=quick)
    delegated = connect(server.url, identity_token=ann.identity_token(), settings=quick)
    delegated.close(log_out=True)
    assert not ann.has_session
    ann.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "demo", "password": "wrong"},
        {"username": "demo", "password": "wrong", "login_mode": 16},
        {"api_key": "garbage-key"},
        {"identity_token": "garbage-token"},
    ],
)
def test_wrong_credentials_are_refused_once(server, quick, wrong):
    before, open_before = len(server.requests), server.open_sessions
    with pytest.raises(errors.LoginError, match="ERR003") as caught:
        connect(server.url, **wrong, settings=quick)
    assert [request.method for request in server.requests[before:]] == ["GET", "POST"]
    assert server.open_sessions == open_before
    assert not any(secret in str(caught.value) for secret in ("wrong", "garbage"))


def test_what_contradicts_is_refused_before_anything_is_sent(server):
    before = len(server.requests)
    saved = {"token": "s3", "cookies": {}}
    for arguments, said in (
        ({"session": saved, "username": "ann", "password": "s3"}, "session=, username= and password= contradict"),
        ({"api_key": "s3", "login_mode": 1}, "does not go with api_key="),
        ({"username": "ann"}, "api_key="),
    ):
        for way in (connect, connect_async):
            with pytest.raises(errors.UsageError, match=said):
                way(server.url, **arguments)
    for way in (connect, connect_async):
        with pytest.raises(errors.UsageError, match="no URL was given"):
            way(username="ann", password="s3")
    assert len(server.requests) == before


# Credentials that are fetched


def test_functions_are_called_where_they_hear_ctrl_c(server, quick):
    threads = []

    def password():
        threads.append(threading.current_thread())
        return server.password

    async def url():
        return server.url

    with connect(url, username=lambda: server.username, password=password, settings=quick):
        assert threads == [threading.current_thread()]


def test_coroutine_functions_run_on_the_callers_loop(server, quick):
    async def main():
        here = asyncio.get_running_loop()

        async def password():
            return server.password if asyncio.get_running_loop() is here else "another loop"

        async with connect_async(server.url, username=server.username, password=password, settings=quick) as conn:
            return await conn.has_session_async()

    assert asyncio.run(main())


def test_a_function_that_fails_is_told_and_nothing_is_sent(server):
    before = len(server.requests)

    def broken():
        raise LookupError("the vault is closed")

    with pytest.raises(LookupError, match="the vault is closed"):
        connect(server.url, username="ann", password=broken)
    with pytest.raises(errors.UsageError, match="url= returned None"):
        connect(lambda: None)
    assert len(server.requests) == before


# What a log-in asks for


def test_settings_of_the_session_reach_the_server(server, quick):
    wishes = SessionSettings(working_set=4, max_search=2, metadata_locale="de_de", data_locale="fr_fr")
    settings = Settings(timeouts=quick.timeouts, retry=quick.retry, session=wishes)
    with connect(server.url, settings=settings) as conn:
        info = conn.session_info()
    assert (info.working_set, info.max_search, info.metadata_locale, info.data_locale) == (4, 2, "de_de", "fr_fr")
    assert (info.number_locale, info.display_locale, info.messages_locale, info.time_zone) == (
        *("en_us", "en_us", "en_us"),
        "UTC",
    )


def test_application_type_and_id_are_sent_as_they_are_given(library, quick):
    wishes = SessionSettings(application_type=46, application_id="A1")
    settings = Settings(timeouts=quick.timeouts, retry=quick.retry, session=wishes)
    connect(library.url, settings=settings).close()
    sent = orjson.loads(library.bodies[library.requests.index(("POST", "/api/auth/login"))])
    assert (sent["applicationType"], sent["applicationId"]) == (46, "A1")


def test_a_chosen_application_type_is_not_replaced_by_another(server, quick):
    settings = Settings(timeouts=quick.timeouts, retry=quick.retry, session=SessionSettings(application_type=999))
    with pytest.raises(errors.InvalidRequest, match="constraint violations"):
        connect(server.url, settings=settings)


@pytest.mark.parametrize("field", ["application_type", "working_set", "max_search"])
@pytest.mark.parametrize("value", [0, True, "many", 2.5])
def test_settings_that_cannot_be_meant_are_refused(field, value):
    with pytest.raises(errors.UsageError, match=f"SessionSettings.{field}"):
        SessionSettings(**{field: value})


# Tokens for others


def test_an_identity_token_is_checked(server, ann):
    token = ann.identity_token()
    assert ann.validate_identity_token(token)
    logins = [r.path for r in server.requests].count("/api/auth/login")
    assert not ann.validate_identity_token("garbage-token")
    assert [r.path for r in server.requests].count("/api/auth/login") == logins


def test_tokens_are_made_and_checked_from_the_callers_loop(ann):
    async def main():
        token = await ann.identity_token_async()
        return await ann.validate_identity_token_async(token), await ann.create_api_token_async()

    valid, key = asyncio.run(main())
    assert valid
    assert len(key) > 20


def test_a_server_without_api_tokens_says_so(library, retail):
    with pytest.raises(errors.NotFound, match="too old"):
        retail.create_api_token()
    library.on("POST", "/api/auth/apiTokens", json={"apiToken": None})
    with pytest.raises(errors.ProtocolError, match="no API token"):
        retail.create_api_token()
    library.on("POST", "/api/auth/identityToken", status=204)
    with pytest.raises(errors.ProtocolError, match="no header X-MSTR-IdentityToken"):
        retail.identity_token()
