"""Texts that name settings and calls, which each face words in its own way. Pure.

A template names them in braces, by their path from `mstr_arrow`:

===============================  ====================  =========================
in the template                  in Python             what it is
===============================  ====================  =========================
``{Timeouts.connect}``           ``Timeouts.connect``  a field of the settings
``{Tls.ca_file=…}``              ``Tls(ca_file=…)``    the field, given
``{connect.project}``            ``project=``          an argument
``{Scan.extract.resume=False}``  ``resume=False``      the argument, given
``{Connection.renew()}``         ``renew()``           a call
``{prompts.default()}``          ``prompts.default()``  a call of a function
===============================  ====================  =========================
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Named(NamedTuple):
    """A part of a text that a face may say in words of its own, found by ``key`` and filled with ``values``."""

    key: str
    in_python: str
    values: Mapping[str, object]


class Wording(str):
    """A text as it is said in Python, which knows what it names."""

    __slots__ = ("parts",)
    parts: tuple[str | Named, ...]

    def __new__(cls, parts: tuple[str | Named, ...]) -> Self:
        """Put a text together."""
        text = super().__new__(cls, "".join(part if isinstance(part, str) else part.in_python for part in parts))
        text.parts = parts
        return text

    def __reduce__(self) -> tuple[object, ...]:
        return Wording, (self.parts,)


def naming(template: str, **values: object) -> Wording:
    """Fill in a template: values by name, as ``str.format`` does, and beside them the settings and calls.

    A value that is a Wording goes on naming what it names.

    >>> naming("Check host and port of {host!r}, or raise {Timeouts.connect}.", host="bi")
    "Check host and port of 'bi', or raise Timeouts.connect."
    """
    parts: list[str | Named] = []
    for text, field, form, conversion in Formatter().parse(template):
        parts.append(text)
        if field is None:
            continue
        value = values[field] if field in values else name_path(field)
        if isinstance(value, Wording):
            parts.extend(value.parts)
        else:
            parts.append(format(repr(value) if conversion == "r" else value, form or ""))
    return Wording(tuple(part for part in parts if part))


def name_path(path: str) -> Wording:
    """Name one setting or call.

    >>> name_path("Tls.ca_file=…"), name_path("connect.project"), name_path("Connection.renew()")
    ('Tls(ca_file=…)', 'project=', 'renew()')
    """
    return Wording((Named(path, _in_python(path), {}),))


def advice(key: str, template: str, **values: object) -> Wording:
    """Fill in a template that a face may replace as a whole, by a template of its own for the same values.

    >>> text = advice("larger", "Give {SuperCube.update.chunk_bytes}, up to {most}.", most=5)
    >>> text, say_in_words(text, {"larger": "Add --chunk-bytes {most}."})
    ('Give chunk_bytes=, up to 5.', 'Add --chunk-bytes 5.')
    """
    return Wording((Named(key, naming(template, **values), values),))


def say_in_words(text: str, words: Mapping[str, str]) -> str:
    """Say a text in the words of a face, by key; what has none there is said as in Python.

    >>> say_in_words(naming("Raise {Timeouts.read}."), {"Timeouts.read": "--read-timeout"})
    'Raise --read-timeout.'
    """
    if not isinstance(text, Wording):
        return text
    return "".join(part if isinstance(part, str) else _say_part(part, words) for part in text.parts)


def _say_part(part: Named, words: Mapping[str, str]) -> str:
    return words[part.key].format_map(part.values) if part.key in words else say_in_words(part.in_python, words)


def _in_python(path: str) -> str:
    target, equals, value = path.partition("=")
    called = target.partition("(")[0]
    owner, _, member = called.rpartition(".")
    owner = owner.rpartition(".")[-1]
    if called != target:
        return path.removeprefix(f"{owner}.") if owner[:1].isupper() else path
    if owner[:1].isupper():
        return f"{owner}({member}={value})" if equals else f"{owner}.{member}"
    return f"{member}={value}"
