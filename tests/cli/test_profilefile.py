import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.cli.options.profile_file import change_profile, change_table
from mstr_arrow.errors import UsageError

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.one_of(NAMES, st.booleans(), st.integers(-9, 9), st.fixed_dictionaries({"keyring": NAMES}))
KEYS = st.sampled_from(["url", "username", "password", "concurrency"])


@given(
    before=st.dictionaries(NAMES, st.dictionaries(KEYS, VALUES, max_size=4), max_size=3),
    name=NAMES,
    changes=st.dictionaries(KEYS, st.none() | VALUES, max_size=4),
)
def test_one_table_changes_and_the_others_stay(before, name, changes):
    text = ""
    for each, table in before.items():
        text = change_table(text, each, table)
    assert tomllib.loads(text) == before
    after = dict(before)
    after[name] = {k: v for k, v in (before.get(name, {}) | changes).items() if v is not None}
    assert tomllib.loads(change_table(text, name, changes)) == after


def test_comments_and_blank_lines_stay():
    text = "# all\n\n[a]  # first\n# its url\nurl = 'x'\nuser_name = 'y'\n\n# second\n[b]\nurl = 'z'\n"
    assert change_table(text, "a", {"user-name": None, "url": "u"}) == (
        "# all\n\n[a]  # first\n# its url\nurl = \"u\"\n\n# second\n[b]\nurl = 'z'\n"
    )


def test_a_file_that_cannot_be_changed_stays_and_says_what_to_write(tmp_path):
    file = tmp_path / "config.toml"
    text = "[a]\nwhere = [\n  'url = 1',\n]\nurl = '''\nx\n'''\n"
    file.write_text(text)
    with pytest.raises(UsageError, match="cannot change") as caught:
        change_profile(file, "a", {"url": "u"})
    assert '[a], and remove what it replaces:\nurl = "u"' in str(caught.value)
    assert file.read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_it_is_its_owners_alone_and_a_link_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.toml").write_text("")
    (tmp_path / "config.toml").symlink_to(tmp_path / "real" / "x.toml")
    change_profile(tmp_path / "config.toml", "a", {"url": "u"})
    assert (tmp_path / "config.toml").is_symlink()
    assert (tmp_path / "real" / "x.toml").stat().st_mode & 0o777 == 0o600
    change_profile(tmp_path / "new" / "deeper" / "c.toml", "a b", {"url": "u"})
    assert tomllib.loads((tmp_path / "new" / "deeper" / "c.toml").read_text()) == {"a b": {"url": "u"}}
