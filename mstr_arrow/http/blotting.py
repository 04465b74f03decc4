"""Secrets taken out of what is quoted: bodies of responses, and the texts of errors. Pure."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mstr_arrow.masked import Masked

TELLING = 4
"""Letters from which on they are taken for those of a secret wherever they stand, and not for a part of a word."""

_ALONE = rb"(?:(?<![0-9A-Za-z_])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))%b(?![0-9A-Za-z_])"
"""A text with no letter or digit beside it, unless that belongs to an escape in JSON."""


def blot_out(body: bytes, secrets: Iterable[Masked]) -> bytes:
    r"""Return a body in which secrets are stars, however they are spelled in it.

    That is as they are, percent-encoded, as HTML, or within base64, as in the header of a log-in; and each of these
    as in JSON, or as in JSON within JSON. A very short secret is part of many words and ids, where it tells
    nothing: it is hidden where it stands alone.

    >>> from mstr_arrow.masked import Masked
    >>> blot_out(rb'you sent "pa\"ss", c2VjcmV0OnBhInNz', [Masked('pa"ss')])
    b'you sent "***", c2VjcmV0On***'
    >>> blot_out(b'"a" is no password, ticket 7a', [Masked("a")])
    b'"***" is no password, ticket 7a'
    """
    found = {spelling for secret in secrets if (text := secret()) for spelling in _spellings(text)}
    for spelling in sorted(found, key=len, reverse=True):
        if len(spelling) >= TELLING:
            body = body.replace(spelling, b"***")
        else:
            body = re.sub(_ALONE % re.escape(spelling), b"***", body)
    return body


def blot(error: BaseException, secrets: Iterable[Masked]) -> None:
    """Take secrets out of the texts of an error, and of those that it is chained to."""
    secrets, seen = list(secrets), set[int]()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__]
        if (arguments := _blot(each.args, secrets)) != each.args:
            each.args = arguments
        for name, value in vars(each).items():
            if (shown := _blot(value, secrets)) != value:
                setattr(each, name, shown)


def _blot(value: Any, secrets: list[Masked]) -> Any:
    """Blot a text, or each text of a list; anything else, and a text without secrets, is what it was."""
    if type(value) in {tuple, list}:
        return type(value)(_blot(each, secrets) for each in value)
    if not isinstance(value, str):
        return value
    before = value.encode(errors="surrogatepass")
    after = blot_out(before, secrets)
    return value if after == before else after.decode(errors="surrogatepass")


def _spellings(text: str) -> set[bytes]:
    plain = text.encode(errors="surrogatepass")
    spelled = {text, quote(plain, safe=""), quote_plus(plain), html.escape(text), *_in_base64(plain)}
    for _ in range(2):
        spelled |= {
            json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in spelled for ascii_only in (True, False)
        }
        spelled |= {each.replace("/", r"\/") for each in spelled}
    return {each.encode(errors="surrogatepass") for each in spelled}


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield the letters that follow from the secret alone, whatever stands before and behind it."""
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            letters = encode(bytes(before) + secret).decode()[start:end]
            if len(letters) >= TELLING:
                yield letters
