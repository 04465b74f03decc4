"""Sessions handed to others, and taken from them."""

import asyncio
import contextlib
import json
import os
import stat

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.session.saved_session import read_session, save
from tests.support.servers import connect_to

OURS = {
    "base_url": "https://bi.example.com/MicroStrategyLibrary",
    "token": "T1",
    "cookies": {"JSESSIONID": "J1", "AWSALB": "a+b/c=="},
    "project": "A" * 32,
}
THEIRS = {
    "base_url": "https://bi.example.com/MicroStrategyLibrary/api/",
    "cookies": OURS["cookies"],
    "headers": {"accept": "*/*", "x-mstr-authtoken": "T1", "X-MSTR-ProjectID": "A" * 32},
}
BROWSER = {
    "base_url": OURS["base_url"],
    "cookies": "JSESSIONID=J1; AWSALB=a+b/c==; iSession=T1",
    "project": "A" * 32,
}


def private(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("document", [OURS, THEIRS, BROWSER])
@pytest.mark.parametrize("form", ["dict", "text", "path", "name"])
def test_every_spelling_and_format_is_read(tmp_path, document, form):
    source = document
    if form != "dict":
        source = json.dumps(document)
    if form in {"path", "name"}:
        source = private(tmp_path / "session.json", source)
    saved = read_session(str(source) if form == "name" else source)
    assert (saved.base, saved.token, saved.project_id) == (OURS["base_url"], "T1", "A" * 32)
    assert {**saved.cookies, "iSession": ""} == {**OURS["cookies"], "iSession": ""}


def test_each_format_is_written_as_it_is_read():
    saved = read_session(OURS)
    assert saved.document() == OURS
    assert read_session(saved.document("mstr-rest-requests")) == saved
    with pytest.raises(errors.UsageError, match=r"format='xml'.*mstr-rest-requests"):
        saved.document("xml")


def test_a_session_without_a_url_belongs_to_the_one_that_is_given():
    bare = {"token": "T1", "cookies": {}}
    assert read_session(bare, "https://bi.example.com/Custom").base == "https://bi.example.com/Custom"
    with pytest.raises(errors.UsageError, match=r"which server.*Give the URL too"):
        read_session(bare)


def test_a_session_goes_to_no_other_server():
    with pytest.raises(errors.UsageError, match=r"belongs to https://bi.example.com/.*, not to https://evil"):
        read_session(OURS, "https://evil.example.com/MicroStrategyLibrary")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{s3cret", "no JSON object"),
        ('{"s3cret": 1} x', "no JSON object"),
        ({"base_url": OURS["base_url"], "cookies": {"a": "s3cret"}}, "no token"),
        ({**OURS, "cookies": ["s3cret"]}, "cookies of the session are not texts"),
        ({**OURS, "cookies": {"s3cret": 1}}, "cookies of the session are not texts"),
        ({**THEIRS, "headers": {"x-mstr-authtoken": 5}}, "headers of the session are not texts"),
        ({**OURS, "token": 5}, "no token"),
        (b"s3cret", "of type bytes"),
        (5, "of type int"),
    ],
)
def test_what_is_no_session_is_refused_without_being_shown(source, said):
    with pytest.raises(errors.UsageError, match=said) as caught:
        read_session(source)
    assert "s3cret" not in str(caught.value)
    assert "T1" not in str(caught.value)


def test_a_saved_session_shows_no_secret():
    assert repr(read_session(OURS)) == (
        "SavedSession(base='https://bi.example.com/MicroStrategyLibrary', project_id='" + "A" * 32 + "')"
    )


posix = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@posix
def test_a_file_that_others_can_read_is_refused(tmp_path):
    path = private(tmp_path / "session.json", json.dumps(OURS))
    path.chmod(0o644)
    with pytest.raises(errors.SecretError, match=r"others can read it. chmod 600"):
        read_session(path)


@posix
def test_a_file_is_its_owners_alone_from_the_start(tmp_path, monkeypatch):
    path = private(tmp_path / "session.json", "old")
    path.chmod(0o666)
    seen = []
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.extend(stat.S_IMODE(f.stat().st_mode) for f in tmp_path.iterdir())
    )
    before = os.umask(0)
    try:
        save(path, OURS)
    finally:
        os.umask(before)
    assert sorted(seen) == [0o600, 0o666]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == OURS
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path):
    with pytest.raises(errors.SecretError, match=r"none.json' could not be read: No such file.*Is this its path"):
        read_session(tmp_path / "none.json")
    path = private(tmp_path / "bytes.json", "")
    path.write_bytes(b"s3cret\xff")
    with pytest.raises(errors.UsageError, match="no JSON object") as caught:
        read_session(path)
    assert caught.value.__context__ is None


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = private(tmp_path / "session.json", "old")
    with pytest.raises(TypeError):
        save(path, {"token": object()})
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])


# With a server


@pytest.fixture
def ann(simulator, quick):
    with connect_to(
        simulator,
        project=simulator.project,
        settings=quick,
    ) as connection:
        yield connection


@pytest.mark.parametrize("layout", ["mstr_arrow", "mstr-rest-requests"])
def test_a_session_is_handed_over_by_a_file(ann, simulator, quick, tmp_path, layout):
    path = tmp_path / "session.json"
    document = asyncio.run(ann.save_session_async(path, format=layout))
    assert json.loads(path.read_text()) == document
    with ma.Connection.from_session(path, settings=quick) as other:
        assert (other.user(), other.project_name) == (ann.user(), simulator.project)
        assert other.cube("Sales Cube").count_rows() == 2_000
    with ma.connect(simulator.url, session=str(path), settings=quick) as other:
        assert other.has_session
    assert ann.has_session


def test_a_session_that_has_ended_or_lacks_its_cookies_is_told(ann, quick):
    document = ann.save_session()
    with pytest.raises(errors.SessionExpired, match=r"has ended, or its cookies are missing.*Log in again"):
        ma.connect(session={**document, "cookies": {}}, settings=quick)
    with pytest.raises(errors.SessionExpired):
        ma.connect(session={**document, "token": "garbage"}, settings=quick)
    assert ann.has_session


def test_another_project_may_be_chosen(ann, simulator, quick):
    with ma.Connection.from_session(ann.save_session(), project=simulator.project_id, settings=quick) as other:
        assert other.project_name == simulator.project
    with pytest.raises(errors.NotFound, match="no project"):
        ma.Connection.from_session(ann.save_session(), project="none", settings=quick)
    assert ann.has_session


def test_the_package_mstr_rest_requests_takes_our_sessions_over_and_we_its(ann, simulator, quick):
    requests = pytest.importorskip("mstr.requests")
    theirs = requests.MSTRRESTSession(base_url="https://nowhere.example.com/")
    with contextlib.closing(theirs):
        theirs.update_from_json(ann.save_session(format="mstr-rest-requests"))
        assert theirs.get_userinfo().json()["fullName"] == ann.user().name
    own = requests.MSTRRESTSession(base_url=f"{simulator.url}/api/")
    own.login(username=simulator.username, password=simulator.password)
    try:
        for document in (own.json(), own.to_dict()):
            with ma.Connection.from_session(document, settings=quick) as conn:
                assert conn.user() == ann.user()
        assert own.get_sessions().status_code == 200
    finally:
        own.logout()
        own.close()
