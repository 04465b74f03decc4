"""Ids of objects, and the URLs that a browser shows for objects. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from mstr_arrow.errors import UsageError
from mstr_arrow.session.project import OBJECT_ID

_PAGE = re.compile(r"https?://\S*/(?:app|MicroStrategy\w*)(?:[/?#]|$)", re.IGNORECASE)
"""A URL that can only be a page of the Library, or of MicroStrategy Web."""

_IN_QUERY = re.compile(r"[?&;#](?:report|object|document|cube|dataset|data_?model)id=([0-9a-f]{32})", re.IGNORECASE)


class Address(NamedTuple):
    """The object of a browser's URL, and the project, as far as the URL names them."""

    object_id: str
    project_id: str | None = None


def read_address(text: str) -> Address | None:
    """Read an id or the URL of a browser; None for a name. Errors: UsageError for a URL without an object."""
    if OBJECT_ID.fullmatch(text):
        return Address(text.upper())
    address = read_url(text)
    if address is None and _PAGE.match(text):
        raise no_object()
    return address


def read_url(text: str) -> Address | None:
    """Return the object that the URL of a browser shows; None for text that is no URL, or one without an id.

    After ``/app/`` come the ids of a project and an object; elsewhere a parameter such as ``reportID`` names the
    object, or else the last id there is. The scheme may be missing.

    >>> read_url(f"https://bi.example.com/MicroStrategyLibrary/app/{'A' * 32}/{'b' * 32}/K53--K46/edit")[0][:4]
    'BBBB'
    """
    if "://" not in text and "/app/" not in text:
        return None
    text = unquote(text)
    ids = [each.upper() for each in re.findall(rf"(?<![0-9A-Fa-f]){OBJECT_ID.pattern}(?![0-9A-Fa-f])", text)]
    if "/app/" in text and len(ids) > 1:
        return Address(ids[1], ids[0])
    if named := _IN_QUERY.search(text):
        return Address(named.group(1).upper())
    return Address(ids[-1]) if ids else None


def no_object() -> UsageError:
    """Make the error for a URL that leads to no object."""
    return UsageError(
        "the URL names no object.", hint="Copy it while the browser shows the object, or give a name."
    )
