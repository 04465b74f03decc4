import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.http.url import base_url, endpoint, missing_context_hint

LIBRARY = "https://bi.example.com/MicroStrategyLibrary"


@pytest.mark.parametrize(
    "typed",
    [
        LIBRARY,
        f"  {LIBRARY}/ ",
        "bi.example.com/MicroStrategyLibrary",
        "HTTPS://BI.Example.Com/MicroStrategyLibrary",
        f"{LIBRARY}///",
        f"{LIBRARY}/api",
        f"{LIBRARY}//api/",
        "https://bi.example.com//MicroStrategyLibrary/api",
        f"{LIBRARY}/api/auth/login",
        f"{LIBRARY}/app",
        f"{LIBRARY}/app/B19DEDCC11D4E0EFC000EB9495D0F44F/ABC/edit",
        f"{LIBRARY}/auth/ui/loginPage",
        f"{LIBRARY}/api-docs/index.html?visibility=all#/Cubes",
        f"{LIBRARY}?x=1",
        f"{LIBRARY}#home",
    ],
)
def test_every_spelling_of_a_library_means_the_same(typed):
    assert base_url(typed) == LIBRARY


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://api.corp/MicroStrategyLibrary", "https://api.corp/MicroStrategyLibrary"),
        ("https://h/apigw/MicroStrategyLibrary", "https://h/apigw/MicroStrategyLibrary"),
        ("https://h/api/MicroStrategyLibrary/api", "https://h/api/MicroStrategyLibrary"),
        ("https://h/api/analytics", "https://h/api/analytics"),
        ("https://h/analytics/api/v2/cubes/1", "https://h/analytics"),
        ("https://h/analytics/app/P/D", "https://h/analytics"),
        ("https://h/analytics/auth/ui/loginPage", "https://h/analytics"),
        ("https://h/app", "https://h/app"),
        ("https://h/api", "https://h"),
        ("https://h:8443/microstrategylibrary/", "https://h:8443/microstrategylibrary"),
        ("h", "https://h"),
        ("localhost:8080/MicroStrategyLibrary", "http://localhost:8080/MicroStrategyLibrary"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://localhost/x", "https://localhost/x"),
        ("127.example.com", "https://127.example.com"),
        ("http://bi.example.com/x", "http://bi.example.com/x"),
    ],
)
def test_nothing_else_is_cut_or_changed(typed, meant):
    assert base_url(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "https://ann:hunter2@bi.example.com/x",
        "ann:hunter2@bi.example.com",
        "https://ann:12/hunter2@bi.example.com",
        "https://ann:12?hunter2@bi.example.com",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(typed):
    with pytest.raises(UsageError, match="username=") as caught:
        base_url(typed)
    assert "hunter2" not in str(caught.value)
    assert "ann" not in str(caught.value)


@pytest.mark.parametrize("typed", ["", "   ", "https://", "ftp://h/x", "https://h:port/x", "https//h", "a b", "/x"])
def test_what_is_no_url_is_refused_with_an_example(typed):
    with pytest.raises(UsageError, match=r"https://bi\.example\.com"):
        base_url(typed)


def test_the_usual_context_is_proposed_only_where_there_is_none():
    assert missing_context_hint("https://h") == "Did you mean https://h/MicroStrategyLibrary?"
    assert missing_context_hint("https://h/custom") is None


@pytest.mark.parametrize("path", ["cubes/1", "/cubes/1", "api/cubes/1", "/api/cubes/1", "//api//cubes/1"])
def test_endpoints_are_found_with_or_without_slash_and_api(path):
    assert endpoint(path) == "/api/cubes/1"


@pytest.mark.parametrize("path", ["https://evil.example/x", "", "/", "/api", "../x", "cubes/../../x", "cubes#1"])
def test_paths_that_lead_elsewhere_are_refused(path):
    with pytest.raises(UsageError):
        endpoint(path)


def test_a_query_in_an_endpoint_may_hold_anything():
    assert endpoint("folders?next=https://h/..") == "/api/folders?next=https://h/.."
