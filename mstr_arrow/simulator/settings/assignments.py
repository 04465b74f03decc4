"""Settings as texts: ``rows=5``, ``time.workers=2``, ``nodes=["a", "b"]``. A value is JSON, or else a text."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import orjson

from .server_settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    type(None): "null",
}


def read_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` texts as keyword arguments of `ServerSettings`; the last text of a name counts.

    Raises ValueError for an unknown name, and for a value that the setting cannot have.

    >>> read_assignments(["rows=5", "time.workers=2", 'report_seconds={"Daily": 3}'])
    {'rows': 5, 'time': TimeModel(...workers=2...), 'report_seconds': {'Daily': 3.0}}
    """
    given: dict[str, Any] = {}
    for text in texts:
        path, sign, value = text.partition("=")
        if not sign:
            raise ValueError(f"{text!r} is no NAME=VALUE")
        *owners, name = path.strip().split(".")
        target = given
        for owner in owners:
            target = target.setdefault(owner, {})
            if not isinstance(target, dict):
                raise ValueError(f"{owner} has a value already; {path} cannot be set inside it")
        target[name] = _parse(value, as_text=not owners and types_of(ServerSettings).get(name) is str)
    return _read_members(ServerSettings, given)


def write_assignments(settings: ServerSettings) -> list[str]:
    """Write the settings that differ from the defaults, as `read_assignments` reads them.

    >>> write_assignments(ServerSettings(rows=5, gzip=False))
    ['rows=5', 'gzip=false']
    """
    return [
        f"{each.name}={orjson.dumps(value).decode()}"
        for each in fields(settings)
        if (value := getattr(settings, each.name)) != default_of(each)
    ]


def default_of(setting: Any) -> Any:
    """Return the default of a field of a dataclass."""
    return setting.default if setting.default_factory is MISSING else setting.default_factory()


def describe_type(hint: Any) -> str:
    """Describe the values that a setting can have.

    >>> describe_type(Literal["append", "ignore"] | None)
    '"append", "ignore" or null'
    """
    *first, last = _words_of(hint)
    return f"{', '.join(first)} or {last}" if first else last


@cache
def types_of(kind: type) -> dict[str, Any]:
    """Return the types of the settings of a dataclass, by name."""
    return get_type_hints(kind)


def _parse(value: str, *, as_text: bool) -> Any:
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return value if as_text and not isinstance(parsed, str) else parsed


def _read_members(kind: type, given: dict[str, Any], inside: str = "") -> dict[str, Any]:
    return dict(_read(kind, name.replace("-", "_"), value, inside) for name, value in given.items())


def _read(kind: type, name: str, value: Any, inside: str) -> tuple[str, Any]:
    hint = types_of(kind).get(name)
    if hint is None:
        near = [f"{inside}{each}" for each in get_close_matches(name, types_of(kind))]
        meant = f"; perhaps {' or '.join(near)} is meant" if near else ""
        raise ValueError(f"there is no setting {inside}{name}{meant}")
    return name, _fit(value, hint, f"{inside}{name}")


def _fit(value: Any, hint: Any, path: str) -> Any:
    for each in _alternatives(hint):
        origin = get_origin(each)
        if is_dataclass(each) and isinstance(value, dict):
            return _build(cast("type", each), value, path)
        if origin is Mapping and isinstance(value, dict):
            return {key: _fit(one, get_args(each)[1], f"{path}.{key}") for key, one in value.items()}
        if origin is tuple and isinstance(value, list):
            return tuple(_fit(one, get_args(each)[0], path) for one in value)
        if origin is Literal and any(value == one and type(value) is type(one) for one in get_args(each)):
            return value
        if each is float and type(value) is int:
            return float(value)
        if type(value) is each:
            return value
    seen = value if isinstance(value, str) else orjson.dumps(value).decode()
    raise ValueError(f"{path} is {seen}; it must be {describe_type(hint)}")


def _build(kind: type, members: dict[str, Any], path: str) -> Any:
    read = _read_members(kind, members, f"{path}.")
    missing = [each.name for each in fields(kind) if each.name not in read and _is_required(each)]
    if missing:
        raise ValueError(f"{path} lacks {missing[0]}")
    return kind(**read)


def _is_required(setting: Any) -> bool:
    return setting.default is MISSING and setting.default_factory is MISSING


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)


def _words_of(hint: Any) -> Iterator[str]:
    for each in _alternatives(hint):
        origin, inside = get_origin(each), get_args(each)
        if origin is Literal:
            yield from (orjson.dumps(one).decode() for one in inside)
        elif origin is tuple:
            yield f"a list, each {describe_type(inside[0])}"
        elif origin is Mapping:
            yield f"an object whose members are each {describe_type(inside[1])}"
        elif is_dataclass(each):
            yield f"an object of {', '.join(one.name for one in fields(each))}"
        else:
            yield _WORDS[each]
