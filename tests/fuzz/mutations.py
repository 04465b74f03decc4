"""Answers that are nearly right: members of JSON dropped, renamed, retyped, reordered, doubled and nested."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Node: TypeAlias = tuple[Any, Any]
"""A place in a document: an object or list, and a key or an index of it."""

DEEP = 3_000

NASTY = (
    *("", " ", "0", "5", "-1", "1.5", "1e400", "NaN", "null", "true", "A\ud83d", "\x00", "😀", '"}]', "h\\N;A1"),
    *(
        "2024-02-30",
        "0000-00-00",
        "2024-01-31T10:20:30.000+0200",
        "ERR009",
        "ERR001",
        "x" * 5_000,
        "A1;B2",
        "../../x",
    ),
)
ODD = (
    *(None, True, False, 0, -1, 1, 2, 3, 18, 1.5, -0.0, 2**31, 2**53 + 1, 2**63, 10**30, 1e308),
    *(float("nan"), float("inf"), [], {}, [[]], [None], {"id": None}, {"code": "ERR009", "message": "gone"}),
)
ERRORS = (
    {"code": "ERR001", "iServerCode": -2147072488, "message": "(not published)", "ticketId": "T1"},
    {"code": "ERR009", "message": "The user's session has expired, please reauthenticate"},
    {"errors": [{"code": "ERR006", "message": "no"}]},
    {"code": "ERR001", "iServerCode": "-2147213784", "message": "(no data returned)"},
)


def mutate(body: bytes, draw: Random) -> bytes:
    """Change a body in one to three places, or its bytes; a body that is no JSON only its bytes."""
    try:
        document = json.loads(body)
    except ValueError:
        return damage(body, draw)
    kind = draw.randrange(20)
    if kind == 0:
        return damage(body, draw)
    if kind == 1:
        return json.dumps(draw.choice((*ERRORS, *ODD, draw.choice(NASTY)))).encode()
    holder = [document]
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        places = _places(holder)
        if not places:  # the whole document was dropped
            break
        container, key = places[draw.randrange(len(places))] if draw.randrange(3) else _shallow(places, draw)
        _change(container, key, draw, places)
    return spell(holder[0] if holder else None, draw)


def spell(document: Any, draw: Random) -> bytes:
    """Write a document in one of the ways that JSON allows, or nearly does."""
    style = draw.randrange(12)
    text = json.dumps(document, ensure_ascii=style % 2 == 0, indent=1 if style == 2 else None)
    body = text.encode("utf-8", "surrogatepass")
    if style == 3:
        return b"\xef\xbb\xbf" + body
    if style == 5:
        return b" \r\n\t" + body + b"\n\n"
    return body


def damage(body: bytes, draw: Random) -> bytes:
    """Cut, double or overwrite some bytes."""
    start, end = sorted((draw.randrange(len(body) + 1), draw.randrange(len(body) + 1)))
    kind = draw.randrange(5)
    if kind == 0:
        return body[:start]
    if kind == 1:
        return body[:start] + body[end:]
    if kind == 2:
        return body[:end] + body[start:]
    if kind == 3:
        return body[:start] + bytes(draw.randrange(256) for _ in range(8)) + body[start + 8 :]
    return (
        body[:start]
        + draw.choice((b"[" * DEEP, b'{"a":' * DEEP, b"\x00", b"\xff", b",", b"}", b"1e999"))
        + body[start:]
    )


def _places(holder: list[Any]) -> list[Node]:
    """List all places of a document, each container before what is in it."""
    waiting, found = [holder], []
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], (dict, list)):
                waiting.append(container[key])
    return found


def _shallow(places: list[Node], draw: Random) -> Node:
    """Draw a place with a name, and most names once: else nearly all of a page is cells."""
    named: dict[Any, Node] = {}
    for container, key in places:
        if isinstance(container, dict):
            named.setdefault(key, (container, key))
    choices = list(named.values()) or places
    return choices[draw.randrange(len(choices))]


def _change(container: Any, key: Any, draw: Random, places: list[Node]) -> None:
    if not _is_there(container, key):
        return  # an earlier change took it away
    changes: tuple[Callable[[Any, Any, Random], None], ...] = (
        _drop,
        _rename,
        _reorder,
        _double,
        _nest,
        _retype,
        _odd,
        _nasty,
    )
    number = draw.randrange(len(changes) + 1)
    if number < len(changes):
        changes[number](container, key, draw)
        return
    other, name = places[draw.randrange(len(places))]
    if _is_there(other, name):
        container[key] = deepcopy(other[name])  # or the document would hold itself


def _is_there(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


def _drop(container: Any, key: Any, _: Random) -> None:
    del container[key]


def _rename(container: Any, key: Any, draw: Random) -> None:
    if isinstance(container, dict):
        other = draw.choice((key.upper(), key.lower(), f"{key}s", key[:-1], draw.choice(list(container))))
        container[other] = container.pop(key)
    else:
        container[key] = {"value": container[key]}


def _reorder(container: Any, key: Any, draw: Random) -> None:
    value = container[key]
    if isinstance(value, list):
        draw.shuffle(value)
    elif isinstance(value, dict):
        members = list(value.items())
        draw.shuffle(members)
        container[key] = dict(members)
    elif isinstance(container, list):
        container.reverse()


def _double(container: Any, key: Any, draw: Random) -> None:
    value = container[key]
    if isinstance(container, list):
        container.insert(key, deepcopy(value))
    elif isinstance(value, list) and value:
        value.append(deepcopy(draw.choice(value)))
    else:
        container[f"{key}2"] = deepcopy(value)


def _nest(container: Any, key: Any, draw: Random) -> None:
    value = container[key]
    if isinstance(value, list) and len(value) == 1 and draw.randrange(2):
        container[key] = value[0]
    else:
        container[key] = draw.choice(([value], {"value": value}, {str(key): value}, [value, value]))


def _retype(container: Any, key: Any, draw: Random) -> None:
    value = container[key]
    if isinstance(value, str):
        container[key] = _number(value) if draw.randrange(2) else [*value][:3]
    elif isinstance(value, (bool, int, float)):
        container[key] = draw.choice(
            (str(value), float(value) if abs(value) < 1e300 else value, not value, f" {value} ")
        )
    elif isinstance(value, list):
        container[key] = draw.choice((None, {}, {str(n): item for n, item in enumerate(value[:3])}, "", len(value)))
    else:
        container[key] = draw.choice((None, [], [value], "", 0))


def _number(text: str) -> float | int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _odd(container: Any, key: Any, draw: Random) -> None:
    container[key] = deepcopy(draw.choice(ODD))


def _nasty(container: Any, key: Any, draw: Random) -> None:
    container[key] = draw.choice(NASTY)


_CHANGES: tuple[Callable[[Any, Any, Random], None], ...] = (
    *(_drop, _rename, _reorder, _double, _nest, _retype, _odd, _nasty),
)
