import pytest

from mstr_arrow.auth import Anonymous, Standard
from mstr_arrow.auth.modes import mode_from
from mstr_arrow.errors import UsageError


def test_a_password_may_be_a_function():
    assert Standard("ann", lambda: "s").body() == {"loginMode": 1, "username": "ann", "password": "s"}


def test_an_empty_password_is_legal():
    assert mode_from("ann", "").body()["password"] == ""


def test_nothing_given_means_a_guest():
    assert mode_from(None, None) == Anonymous()
    assert Anonymous().body() == {"loginMode": 8}


@pytest.mark.parametrize(
    ("username", "password", "missing"), [("ann", None, "password="), (None, "s3", "username=")]
)
def test_half_of_the_credentials_is_refused_with_what_is_missing(username, password, missing):
    with pytest.raises(UsageError, match=f"without {missing}") as caught:
        mode_from(username, password)
    assert "s3" not in str(caught.value)


def test_a_password_is_never_shown():
    assert "hunter2" not in repr(Standard("ann", "hunter2"))
    with pytest.raises(UsageError, match="bytes") as caught:
        Standard("ann", lambda: b"hunter2").body()
    assert "hunter2" not in str(caught.value)
