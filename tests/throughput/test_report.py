"""The report of a sweep: one file that asks for nothing, is drawn in a browser, and shows names as they are."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from mstr_arrow.errors import FileError
from mstr_arrow.throughput.report import write_html, write_images
from mstr_arrow.throughput.report.page import html_of
from mstr_arrow.throughput.report.plots import sections
from mstr_arrow.throughput.report.shapes import BINS, timeline
from tests.throughput import browser
from tests.throughput.examples import ABOUT, Made, closed, made, rich_sweep

MOST_BYTES = 3_000_000
HOSTILE = "<img src=x onerror=alert(1)>\u202e</script><script>document.title='taken'</script>&amp;"
NAMES = ["throughput", "latency", "heat-map", "time", "distribution"]

in_a_browser = pytest.mark.skipif(browser.find() is None, reason="there is no browser")


@pytest.fixture(scope="module")
def rich():
    return rich_sweep(requests=60)


@pytest.fixture(scope="module")
def hostile():
    return made(
        Made(noise=0.01), closed(name=HOSTILE, levels=[1, 2]), requests=20, about=replace(ABOUT, server=HOSTILE)
    )


@pytest.fixture
def without_library(monkeypatch):
    """Leave the megabyte that draws out of the page, which takes a second to make."""
    monkeypatch.setattr("mstr_arrow.throughput.report.page._library", lambda: "")


def test_a_sweep_has_a_plot_of_each_kind(rich):
    names = [plot.name for section in sections(rich) for plot in section.plots]
    assert names == [
        *(f"01-{name}" for name in NAMES),
        *("rate-01-distribution", "timeline-requests", "timeline-latency"),
    ]


def test_one_page_size_has_no_heat_map():
    names = [plot.name for section in sections(made(Made(), closed(levels=[1, 2]))) for plot in section.plots]
    assert "01-heat-map" not in names


def test_a_client_that_is_the_limit_has_no_time_called_the_servers():
    plots = {plot.name: plot for section in sections(made(Made(late=0.05), closed())) for plot in section.plots}
    assert "server" not in str(plots["01-time"].spec["data"])
    assert plots["01-time"].shows.startswith("This client was the limit")


@pytest.mark.slow
def test_the_page_is_one_file_of_bounded_size(rich, tmp_path):
    path = write_html(rich, tmp_path / "made" / "report.html")
    assert path.stat().st_size < MOST_BYTES
    assert sorted(each.name for each in path.parent.iterdir()) == ["report.html"]


@pytest.mark.slow
def test_many_requests_make_no_more_bins(rich):
    many = replace(rich, requests=pa.concat_tables([rich.requests] * 200))
    assert len(timeline(many)) <= BINS + 1
    assert len(html_of(many)) < MOST_BYTES


@pytest.mark.usefixtures("without_library")
def test_names_are_shown_and_never_markup(hostile):
    page = html_of(hostile)
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in outside
    assert "taken" in outside
    assert "&lt;img src=x onerror=alert(1)&gt;\\u202e&lt;/script&gt;" in outside
    assert page.count("<script") == page.count("</script>") == 3


@pytest.mark.usefixtures("without_library")
def test_a_sweep_without_an_answer_has_a_page():
    page = html_of(made(Made(fails_above=0, failing=1.0), closed(levels=[2]), requests=10))
    assert "Not one request was answered." in page
    assert "NaN" not in page.split('id="data"')[1].split("</script>")[0]


@pytest.mark.usefixtures("without_library")
def test_an_empty_sweep_has_a_page():
    assert "No settings are recommended" in html_of(made(Made(), []))


@pytest.mark.usefixtures("without_library")
def test_a_page_that_cannot_be_written_leaves_what_was_there(rich, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(FileError, match="No space left"):
        write_html(rich, path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"]


@pytest.mark.slow
def test_plots_are_written_as_png_and_svg(rich, tmp_path):
    paths = write_images(rich, tmp_path / "plots")
    assert len(paths) == 16
    for path in paths:
        data = path.read_bytes()
        assert data.startswith(b"<svg" if path.suffix == ".svg" else b"\x89PNG")
        assert len(data) > 5_000


DRAWN = "document.documentElement.dataset.drawn === 'yes'"
LOOKS = {
    "plots": "[...document.querySelectorAll('.plot svg.marks')].map(it => it.querySelectorAll('path').length)",
    "widest": "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)",
    "ground": "getComputedStyle(document.body).backgroundColor",
    "label": "getComputedStyle(document.querySelector('.plot svg.marks text')).fill",
    "title": "document.title",
    "images": "document.querySelectorAll('img').length",
}


@pytest.mark.slow
@in_a_browser
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_a_browser_draws_all_plots_asks_for_nothing_and_scrolls_in_one_direction(rich, tmp_path, width, dark):
    path = write_html(rich, tmp_path / "report.html")
    profile = tmp_path / "profile"
    profile.mkdir()
    seen = browser.visit(path.as_uri(), profile, width=width, dark=dark, looks=LOOKS, until=DRAWN)
    assert [url for url in seen.requests if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    assert seen.errors == []
    assert len(seen.values["plots"]) == 8
    assert min(seen.values["plots"]) > 10
    assert seen.values["widest"] == width
    light = "rgb(246, 247, 249)"
    assert (seen.values["ground"] == light) != dark
    if folder := os.environ.get("SCREENSHOTS"):  # for whoever wants to look at them
        Path(folder, f"{width}-{'dark' if dark else 'light'}.png").write_bytes(seen.picture)


@pytest.mark.slow
@in_a_browser
def test_a_browser_runs_no_script_of_a_name(hostile, tmp_path):
    path = write_html(hostile, tmp_path / "report.html")
    profile = tmp_path / "profile"
    profile.mkdir()
    seen = browser.visit(path.as_uri(), profile, looks=LOOKS, until=DRAWN)
    assert seen.errors == []
    assert seen.values["title"].startswith("Throughput of <img src=x")
    assert seen.values["images"] == 0


@pytest.mark.slow
@in_a_browser
def test_the_watch_sees_a_request_that_is_made(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><img src='http://127.0.0.1:9/seen.png'>")
    profile = tmp_path / "profile"
    profile.mkdir()
    seen = browser.visit(page.as_uri(), profile)
    assert "http://127.0.0.1:9/seen.png" in seen.requests
    assert any("ERR_CONNECTION_REFUSED" in error or "ERR_UNSAFE_PORT" in error for error in seen.errors)
