"""Files that hold secrets are read where nobody but their owner can read them, whoever reads them."""

import json
import os
import stat

import pytest

from mstr_arrow import errors, secrets
from mstr_arrow.extract.borrowed import read_borrowed
from mstr_arrow.private import is_shared, read_private, write_private
from mstr_arrow.session.saved_session import read_session

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")

SESSION = {"base_url": "https://bi.example.com/MicroStrategyLibrary", "token": "T", "cookies": {}}
FORMER_RUNS = {"borrowed": [{"session": SESSION, "owned": True, "instance": None}]}


def read_profile(path):
    profile = pytest.importorskip("mstr_arrow.cli.options.profile")
    import typer

    try:
        return profile.read_profile(path, None, {"url"})
    except typer.BadParameter as error:
        raise errors.SecretError(error.message) from None


def read_password_file(path):
    return pytest.importorskip("mstr_arrow.cli.options.passwords").first_line(path)()


READERS = {
    "a saved session": (read_session, json.dumps(SESSION)),
    "a file of a secret": (lambda path: secrets.file(path)(), "s3cret"),
    "a profile with a password": (read_profile, '[default]\npassword = "s3cret"'),
    "--password-file": (read_password_file, "s3cret\n"),
    "the sessions of former runs": (lambda path: read_private(path, "sessions"), json.dumps(FORMER_RUNS)),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o622])
def test_a_file_that_others_can_read_or_change_is_refused_with_what_helps(tmp_path, reader, mode):
    read, text = READERS[reader]
    path = tmp_path / "it's secret"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(errors.SecretError, match=r"others can read it") as refused:
        read(path)
    assert f"chmod 600 '{tmp_path}/it'\"'\"'s secret'" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    path.chmod(0o600)
    assert read(path)


def test_sessions_of_former_runs_that_others_can_read_are_left_alone(tmp_path, caplog):
    path = tmp_path / ".private.json"
    path.write_text(json.dumps(FORMER_RUNS))
    path.chmod(0o644)
    assert read_borrowed(path) == []
    assert "chmod 600" in caplog.text
    path.chmod(0o600)
    assert len(read_borrowed(path)) == 1


def test_what_is_written_is_its_owners_alone(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o666)
    assert is_shared(path)
    write_private(path, "new")
    assert (stat.S_IMODE(path.stat().st_mode), path.read_text()) == (0o600, "new")
    assert list(tmp_path.iterdir()) == [path]
