"""Answers by their prompts, and the files that hold them: TOML and JSON of the same shape.

A plain answer is a number, a text, a date, or a list of them. What TOML or JSON cannot write is a table of one
entry: ``{default = true}``, ``{elements = ["East"]}``, ``{decimal = "1.10"}``, ``{expression = {…}}``, and
conditions as ``{where = ["Revenue", ">", 10]}``, ``{all = […]}``, ``{any = […]}``. No answer is ``[]``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing
from mstr_arrow.paths import explain_refusal, path_to_write, read_path
from mstr_arrow.prompts.answers import Answer, answer_of
from mstr_arrow.prompts.plain import from_plain, to_plain
from mstr_arrow.toml.reader import read_toml_or_json
from mstr_arrow.toml.writer import to_toml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from pathlib import Path

_SUFFIXES = (".toml", ".json")


class Answers(Mapping[str, Answer]):
    """Answers by the key, id, name or title of their prompts; never changed.

    >>> Answers.of({"Year": 2024, "Region": ["East", "West"], "Store": None})
    Answers({'Year': 2024, 'Region': ['East', 'West'], 'Store': empty()})
    """

    __slots__ = ("_answers",)

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers: Mapping[str, Answer] = MappingProxyType(dict(answers))

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Answers:
        """Read answers from values by name; errors: UsageError for a value that is no answer."""
        if isinstance(given, Answers):
            return given
        if not isinstance(given, Mapping):
            raise UsageError(
                f"prompts are answered by a dict of names and values, not by {given!r}.",
                hint='Write {"Year": 2024, "Region": ["East", "West"]}.',
            )
        return cls({str(name): answer_of(value, str(name)) for name, value in given.items()})

    def with_others(self, others: Answers) -> Answers:
        """Return these answers and others; for a prompt in both, the other answer wins."""
        return Answers({**self, **others})

    def save(self, path: str | PathLike[str]) -> None:
        """Write the answers to a .toml or .json file, which `load` reads.

        Errors: UsageError for another name, FileError.
        """
        target = _require_suffix(path_to_write(path))
        text = as_toml(self) if target.suffix.lower() == ".toml" else as_json(self)
        with explain_refusal(target, "written"):
            target.write_text(text, encoding="utf-8")

    def __getitem__(self, name: str) -> Answer:
        return self._answers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def __reduce__(self) -> tuple[type[Answers], tuple[dict[str, Answer]]]:
        return Answers, (dict(self._answers),)

    def __repr__(self) -> str:
        return f"Answers({dict(self._answers)!r})"


def as_toml(answers: Answers) -> str:
    """Write answers as TOML, one a line."""
    return to_toml({name: to_plain(answer, native=True) for name, answer in answers.items()})


def as_json(answers: Answers) -> str:
    """Write answers as JSON."""
    plain = {name: to_plain(answer, native=False) for name, answer in answers.items()}
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def load(path: str | PathLike[str]) -> Answers:
    """Read answers from a .toml or .json file.

    Errors: UsageError for any other file or content, FileError.
    """
    source = _require_suffix(read_path(path))
    _, read = read_toml_or_json(source, _EXAMPLE)
    if not isinstance(read, dict):
        raise UsageError(f"{source} holds no answers by name.", hint=_EXAMPLE)
    return Answers({name: from_plain(value, name) for name, value in read.items()})


def _require_suffix(file: Path) -> Path:
    if file.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{str(file)!r} is no file of answers.", hint=f"Its name ends in {listing(_SUFFIXES)}.")
    return file


_EXAMPLE = 'A line of TOML is: Region = ["East", "West"]; a name that is no word stands in double quotes.'
