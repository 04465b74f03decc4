import pickle
import re
from pathlib import Path

import pytest

from mstr_arrow import errors

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.MstrError)]


def drawn():
    """Read the tree in the module's docstring: the names of each class and of what it is below."""
    above, found = [], {}
    for line in errors.__doc__.splitlines():
        branch = re.match(r"    ((?:│   |    )*)(?:├── |└── )?(\w+)(?=\s{2,}|$)", line)
        if branch is None:
            continue
        depth = len(branch[1]) // 4 + ("──" in line)
        above[depth:] = [branch[2]]
        found[branch[2]] = above[depth - 1] if depth else None
    return found


def test_the_tree_is_drawn_as_it_is():
    assert drawn() == {
        each.__name__: None if each is errors.MstrError else each.__bases__[0].__name__ for each in CLASSES
    }


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_every_error_survives_pickling(each):
    options = {"column": "Revenue", "row": 7} if each is errors.ConversionError else {}
    error = each("it failed.", hint="Do it again.", **options)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), vars(copy), copy.args) == (each, vars(error), error.args)
    assert str(copy) == f"{each.__name__}: it failed. Do it again."


def test_the_page_on_errors_lists_every_class():
    page = (Path(__file__).parents[1] / "docs" / "errors.md").read_text(encoding="utf-8")
    assert [each.__name__ for each in CLASSES if f"`{each.__name__}`" not in page] == []


def test_what_is_quoted_takes_no_more_room_than_a_person_reads():
    error = errors.NotFound("\x1bn" * 50_000, details=["d" * 9_999], path="/api/x", hint="h" * 90_000)
    text = str(error)
    assert text.startswith(r"NotFound: \x1bn\x1bn")
    assert text.endswith("hhh … (90,000 letters)")
    assert len(text) < 5_000
