"""``mstr-arrow bench``: what it asks, writes and shows."""

import json

import pytest

pytest.importorskip("scipy", reason="the extra bench is not installed")

CUBE = "Sales Cube"
FEW = ("--requests", 3, "--repeats", 1, "--page-rows", "1k")


@pytest.fixture(autouse=True)
def here(server, monkeypatch, tmp_path):  # noqa: ARG001 - whose address is in the environment
    """Run where nothing is."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def without_drawing(request, monkeypatch):
    """Leave the report out where it is not what is tried: it takes some seconds to draw."""
    if "slow" not in request.keywords:
        monkeypatch.setattr("mstr_arrow.throughput.report.write_html", lambda _, path: path)
        monkeypatch.setattr("mstr_arrow.throughput.report.write_images", lambda *_: [])


def test_a_measurement_is_kept_in_a_folder_and_shown_again(run, server, tmp_path):
    before = server.open_sessions
    result = run("bench", CUBE, *FEW, "--concurrency", "1,2", "--yes", "-o", "found", "--json")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert [each["load"]["concurrency"] for each in told["loads"]] == [1, 2, 2]
    assert told["about"]["simulated"] is True
    assert json.loads((tmp_path / "found" / "sweep.json").read_text()) == told
    assert json.loads(run("bench", "show", "found", "--json").out) == told
    assert server.open_sessions == before


@pytest.mark.slow
def test_the_folder_has_a_page_with_all_plots_and_the_plots_by_themselves(run, tmp_path):
    result = run("bench", CUBE, *FEW, "--concurrency", "1,2", "--yes", "-o", "found")
    assert result.code == 0, result.err
    assert result.err.splitlines()[-1] == "The report is found/report.html; its plots and the data are beside it."
    assert b"These are figures of the simulator: they say nothing of any real server." in result.out
    names = {path.name for path in (tmp_path / "found").iterdir()}
    assert {"report.html", "sweep.json", "requests.parquet", "01-throughput.png", "01-throughput.svg"} <= names
    assert "figures of the simulator" in (tmp_path / "found" / "report.html").read_text(encoding="utf-8")


def test_without_a_folder_it_makes_one_that_is_named_after_the_time(run, tmp_path):
    assert run("bench", CUBE, *FEW, "--concurrency", "1", "--yes", "--quiet").code == 0
    (folder,) = tmp_path.glob("bench-*")
    assert (folder / "sweep.json").exists()


def test_nothing_begins_where_nobody_can_be_asked(run, tmp_path):
    result = run("bench", CUBE, *FEW, "--concurrency", "1,2")
    assert result.code == 2
    assert result.err.startswith("3 loads, 1 times each: at most 9 requests and ")
    assert result.err.endswith("Give --yes.\n")
    assert not [*tmp_path.glob("bench-*")]


def test_a_folder_that_holds_a_measurement_is_left_as_it_is(run, tmp_path):
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "sweep.json").write_text("{}")
    result = run("bench", CUBE, *FEW, "--yes", "-o", "found")
    assert (result.code, "holds a measurement" in result.err) == (2, True)


@pytest.mark.parametrize("command", [["show", "nothing"], ["show", "."]])
def test_what_is_no_measurement_is_told(run, command):
    result = run("bench", *command)
    assert (result.code, "holds no sweep that can be read" in result.err) == (2, True)


def test_a_rate_alone_takes_the_place_of_numbers_in_flight(run):
    result = run("bench", CUBE, *FEW, "--rate", "50", "--yes", "--json")
    assert result.code == 0, result.err
    assert [(each["load"]["concurrency"], each["load"]["rate"]) for each in json.loads(result.out)["loads"]] == [
        (0, 50)
    ]


def test_what_the_profile_says_for_fetch_is_no_load(run, profile):
    profile("[default]\nconcurrency = 7\npage-rows = 500\n")
    result = run("bench", CUBE, "--requests", 1, "--repeats", 1)
    assert result.err.startswith("6 loads, 1 times each")


def test_what_is_found_best_goes_into_the_profile_where_fetch_finds_it(run, profile):
    path = profile('[default]\nproject = "Simulated Retail"\n')
    options = ("--requests", 8, "--repeats", 1, "--page-rows", 500, "--concurrency", "1,2", "--yes")
    result = run("bench", CUBE, *options, "--save-profile")
    assert result.code == 0, result.err
    kept = path.read_text()
    if "No profile is changed" in result.err:  # this machine was the limit
        assert kept == '[default]\nproject = "Simulated Retail"\n'
    else:
        assert "page-rows = 500" in kept
        assert "concurrency = " in kept
        assert run("fetch", CUBE, "-o", "all.parquet").code == 0


def test_a_kind_of_work_that_there_is_not_is_refused(run):
    result = run("bench", CUBE, "--work", "page")
    assert (result.code, "'page' is no kind of work" in result.err) == (2, True)


def test_prompts_are_answered_as_fetch_has_them_answered(run):
    report = ("bench", "Prompted Nested", *FEW, "--concurrency", "1", "--yes", "--json")
    answered = run(*report, "--prompt", "Category=Toys", "--prompt", "Items=Kite")
    assert answered.code == 0, answered.err
    assert json.loads(answered.out)["loads"][0]["load"]["name"] == "Prompted Nested"
    asking = run(*report)
    assert (asking.code, 'mstr-arrow prompts "Prompted Nested" -o answers.toml' in asking.err) == (2, True)
    cube = run("bench", CUBE, *FEW, "--yes", "--prompt", "Items=Kite")
    assert (cube.code, "is no report but a cube" in cube.err) == (1, True)


def test_an_object_that_there_is_not_has_near_names(run, tmp_path):
    result = run("bench", "Sale Cube", *FEW, "--yes")
    assert result.code == 1
    assert "Sales Cube" in result.err
    assert not [*tmp_path.glob("bench-*")]


def test_two_measurements_are_compared(run):
    for name in ("before", "after"):
        assert run("bench", CUBE, *FEW, "--concurrency", "1", "--repeats", 2, "--yes", "-o", name).code == 0
    told = json.loads(run("bench", "compare", "before", "after", "--json").out)
    assert [each["series"]["name"] for each in told["series"]] == [CUBE]
    assert told["answer"] in {"different", "not different", "too noisy to say"}
    shown = run("bench", "compare", "before", "after").out.decode()
    assert f"{CUBE}, pages of 1,000 rows: " in shown
    assert "1 in flight" in shown


def test_measurements_of_other_loads_are_not_compared(run):
    for name, rows in (("before", 500), ("after", 700)):
        options = ("--requests", 1, "--repeats", 1, "--page-rows", rows, "--concurrency", 1)
        assert run("bench", CUBE, *options, "--yes", "-o", name).code == 0
    result = run("bench", "compare", "before", "after")
    assert (result.code, "no load in common" in result.err) == (2, True)
