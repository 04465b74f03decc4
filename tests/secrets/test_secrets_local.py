import os
import stat
import traceback

import pytest

from mstr_arrow import secrets
from mstr_arrow.errors import SecretError

posix = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@pytest.fixture
def write(tmp_path):
    """Write a file that only its owner can read."""

    def private(content, name="secret"):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        return path

    return private


def test_a_variable_is_read_when_it_is_needed(monkeypatch):
    secret = secrets.env("MSTR_TEST_PASSWORD")
    monkeypatch.setenv("MSTR_TEST_PASSWORD", "hunter2")
    assert secret() == "hunter2"
    monkeypatch.setenv("MSTR_TEST_PASSWORD", "hunter3")
    assert secret() == "hunter3"
    assert repr(secret) == "<Secret environment variable 'MSTR_TEST_PASSWORD'>"


def test_a_variable_may_hold_fields(monkeypatch):
    monkeypatch.setenv("MSTR_TEST", '{"username": "ann", "password": "hunter2"}')
    group = secrets.env("MSTR_TEST")
    assert (group["username"](), secrets.env("MSTR_TEST", key="password")()) == ("ann", "hunter2")


@pytest.mark.parametrize(("value", "state"), [(None, "not set"), ("", "empty")])
def test_a_variable_that_is_not_set_is_told_or_has_a_default(monkeypatch, value, state):
    monkeypatch.delenv("MSTR_TEST_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("MSTR_TEST_PASSWORD", value)
    with pytest.raises(SecretError, match=rf"variable 'MSTR_TEST_PASSWORD' is {state}. Set it"):
        secrets.env("MSTR_TEST_PASSWORD")()
    assert secrets.env("MSTR_TEST_PASSWORD", default="")() == ""
    with_default = secrets.env("MSTR_TEST_PASSWORD", default="hunter2")
    assert with_default() == "hunter2"
    assert "hunter2" not in repr(with_default) + repr(with_default._store)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b"hunter2", "hunter2"),
        (b" hunter2 \n\n", " hunter2 \n"),
        (b"\xef\xbb\xbfhunter2\n", "hunter2"),
        ("ö\n".encode(), "ö"),
        (b"", ""),
    ],
)
def test_a_file_is_its_text_without_the_last_line_end(write, content, text):
    assert secrets.file(write(content))() == text


def test_a_file_may_hold_fields(write):
    group = secrets.file(str(write(b'{"username": "ann", "password": "hunter2"}\n')))
    assert (group["username"](), group["password"]()) == ("ann", "hunter2")


def test_a_file_of_the_home_folder(write, monkeypatch):
    path = write(b"hunter2")
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.setenv("USERPROFILE", str(path.parent))
    assert secrets.file("~/secret")() == "hunter2"


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o622])
def test_a_file_that_others_can_open_is_refused_with_the_command_that_closes_it(write, mode):
    path = write(b"hunter2", name="my secret")
    path.chmod(mode)
    with pytest.raises(SecretError, match=rf"others can read it. chmod 600 '{path}', or") as caught:
        secrets.file(path)()
    assert "hunter2" not in str(caught.value)
    assert secrets.file(path, shared=True)() == "hunter2"
    path.chmod(stat.S_IRUSR)
    assert secrets.file(path)() == "hunter2"


def test_a_file_that_is_missing_or_no_file_is_told(tmp_path):
    with pytest.raises(SecretError, match=r"FileNotFoundError.*Is this its path"):
        secrets.file(tmp_path / "none")()
    with pytest.raises(SecretError, match=f"file '{tmp_path}' could not be read|PermissionError"):
        secrets.file(tmp_path, shared=True)()


def test_bytes_that_are_no_text_are_refused_and_not_carried_along(write):
    secret = secrets.file(write(b"hunter" + b"2\xff"))
    with pytest.raises(SecretError, match="no text in UTF-8") as caught:
        secret()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
