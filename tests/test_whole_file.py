"""Files that are there whole or not at all."""

import os
import stat

import pytest

from mstr_arrow.whole_file import write_whole


def test_a_file_has_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("old")
    with write_whole(path) as file:
        file.write_text("new")
        assert (path.read_text(), file.parent) == ("old", tmp_path)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("new", [path])


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("begun", [True, False])
def test_an_exception_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path, error, begun):
    def write_half():
        with write_whole(path) as file:
            if begun:
                file.write_text("half")
            raise error

    path = tmp_path / "x.json"
    path.write_text("old")
    with pytest.raises(error):
        write_half()
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_others_may_read_it_as_the_system_has_it(tmp_path):
    (tmp_path / "plain").touch()
    with write_whole(tmp_path / "x") as file:
        file.touch()
    assert len({stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}) == 1
