"""Paths on the command line: from home, of stores, and those that cannot be."""

import pytest

CUBE = "One Row"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def no_more_sessions(server):
    yield
    assert server.open_sessions == 0


pytestmark = pytest.mark.usefixtures("server", "no_more_sessions")

INTO = {
    "fetch": ["fetch", CUBE, "-o"],
    "sql": ["sql", f"from '{CUBE}'", "-o"],
    "resume": ["fetch", CUBE, "--resume", "-o"],
    "prompts": ["prompts", "Prompted Value", "-o"],
}
NAME = {"fetch": "x.parquet", "sql": "x.csv", "resume": "x/", "prompts": "x.toml"}


@pytest.mark.parametrize("how", INTO)
@pytest.mark.parametrize("begins", ["~", "file"])
def test_a_target_may_be_at_home(run, home, how, begins):
    result = run(*INTO[how], f"~/{NAME[how]}" if begins == "~" else f"{home.as_uri()}/{NAME[how]}")
    assert result.code == 0, result.err
    assert [path.name for path in home.iterdir()] == [NAME[how].rstrip("/")]
    assert str(home) in result.err


@pytest.mark.parametrize("how", INTO)
@pytest.mark.parametrize("begins", ["hdfs://host/", "https://example.com/"])
def test_a_store_that_is_not_known_is_refused_with_a_way_that_works(run, home, how, begins):
    result = run(*INTO[how], f"{begins}{NAME[how]}")
    assert result.code == 2
    assert "is not on this machine, and only files here are written.\nWrite a file here and copy it" in result.err
    assert [*home.parent.iterdir()] == [home]


@pytest.mark.parametrize("begins", ["s3://bucket/", "gs://bucket/", "abfs://a@b/"])
def test_what_is_no_data_is_written_here(run, home, begins):
    result = run(*INTO["prompts"], f"{begins}{NAME['prompts']}")
    assert result.code == 2
    assert "is not on this machine, and only files here are written.\nWrite a file here and copy it" in result.err
    assert [*home.parent.iterdir()] == [home]


def test_what_is_sent_on_is_a_file(run, home):
    result = run("fetch", CUBE, "-o", "-", "--format", "parquet", "--quiet")
    assert (result.code, result.out[:4]) == (0, b"PAR1")
    assert [*home.iterdir()] == []


MAKING = ("fetch", "resume")
WITHOUT = [("file/{name}", "no folder"), ("/dev/null/{name}", "no folder")]


@pytest.mark.parametrize(
    ("how", "path", "said"),
    [
        *((how, *each) for how in INTO for each in WITHOUT),
        ("sql", "no/such/{name}", "the folder no does not exist"),
        ("prompts", "no/such/{name}", "no"),
    ],
)
def test_the_true_culprit_is_named(run, home, how, path, said):
    (home.parent / "file").write_text("")
    result = run(*INTO[how], path.format(name=NAME[how]))
    assert result.code in {1, 2}
    assert said in result.err
    assert "Traceback" not in result.err
    assert {each.name for each in home.parent.iterdir()} == {"file", "home"}


@pytest.mark.parametrize("how", MAKING)
def test_missing_folders_are_made_by_what_reads_objects(run, home, how):
    assert run(*INTO[how], f"no/such/{NAME[how]}").code == 0
    assert [path.name for path in (home.parent / "no" / "such").iterdir()] == [NAME[how].rstrip("/")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["push", "~/x.csv", "--name", "X"],
        ["push", "T=~/x.csv", "--name", "X"],
        ["fetch", "Prompted Value", "--prompts", "~/x.toml", "-o", "y.csv"],
        ["ls", "--password-file", "~/x.txt"],
        ["ls", "--session", "~/x.json"],
    ],
)
def test_what_is_read_is_looked_for_at_home(run, home, arguments, monkeypatch):
    monkeypatch.delenv("MSTR_USERNAME") if "--session" in arguments else None
    result = run(*arguments)
    assert result.code in {1, 2}
    assert str(home / "x.") in result.err
    assert "~" not in result.err


@pytest.mark.parametrize("path", ["s3://bucket/x.parquet", "http://example.com/x.csv", "gs://b/x/"])
def test_data_in_a_store_are_refused_with_a_way_that_works(run, path):
    result = run("push", path, "--name", "X")
    assert result.code == 2
    assert "is not on this machine, and only files here are read.\nCopy it here first" in result.err
