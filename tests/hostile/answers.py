"""Every hostile answer, by name.

To add one, give `ANSWERS` another name with a function of the answer that is due (`Plain`): it yields pieces of
bytes as they go to the socket, and numbers, the seconds of silence between them. Then the connection is closed.
"""

from __future__ import annotations

import gzip
import re
from functools import partial

from tests.hostile.making import (
    ESCAPES,
    ID,
    MIB,
    Hostile,
    body,
    counts,
    cut_chunk,
    document,
    endless,
    endless_chunks,
    flipped,
    head,
    in_gzip,
    inside_out,
    interim,
    interim_for_ever,
    is_number,
    is_redirect,
    members,
    nested,
    no_http,
    nothing,
    number,
    odd_chunk,
    one_member,
    other_shape,
    packed,
    paths,
    quoting,
    raw,
    refused,
    silent,
    silent_body,
    slow_head,
    talkative,
    texts,
    too_long,
    too_short,
    trickle,
    twice,
    upgrade,
    values,
)

ANSWERS: dict[str, Hostile] = {
    "what is due": Hostile(lambda plain: iter([plain.sent()])),
    # nothing, too much, too slowly
    "nothing at all": Hostile(nothing),
    "an empty body": Hostile(body(lambda _: b"")),
    "blanks": Hostile(body(lambda _: b" \r\n\t")),
    "no content": Hostile(lambda _: iter([b"HTTP/1.1 204 X\r\n\r\n"])),
    "silence": Hostile(silent),
    "silence in the body": Hostile(silent_body),
    "two bytes a second": Hostile(trickle),
    "a head byte by byte": Hostile(slow_head),
    "a body without end": Hostile(endless),
    "chunks without end": Hostile(endless_chunks),
    "10 GB in 10 MB": Hostile(packed(partial(members, 10 * MIB, 1000))),
    "10 GB in one member": Hostile(packed(partial(one_member, 10 * MIB, 1000))),
    "10 GB packed twice": Hostile(packed(lambda: gzip.compress(members(10 * MIB, 1000)), "gzip, gzip")),
    # packed and cut in odd ways
    "gzip cut": Hostile(in_gzip(lambda it: it[:-9])),
    "gzip flipped": Hostile(in_gzip(flipped)),
    "gzip twice, said once": Hostile(in_gzip(lambda it: gzip.compress(it, mtime=0))),
    "an unknown encoding": Hostile(head("Content-Encoding: br")),
    "a thousand encodings": Hostile(head("Content-Encoding: " + ", ".join(["gzip"] * 1000))),
    "more promised than sent": Hostile(too_long),
    "less promised than sent": Hostile(too_short),
    "a chunk cut": Hostile(cut_chunk),
    "a negative chunk": Hostile(odd_chunk),
    "a negative length": Hostile(lambda it: iter([it.head("Content-Length: -5", status=200) + it.body])),
    "two lengths": Hostile(
        lambda it: iter([it.head("Content-Length: 3", status=200, length=len(it.body)) + it.body])
    ),
    # JSON that is none, or none to read
    "JSON 100,000 deep": Hostile(body(lambda _: b"[" * 100_000 + b"]" * 100_000)),
    "objects 100,000 deep": Hostile(body(lambda _: b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    "half of the JSON": Hostile(body(lambda it: it.body[: len(it.body) // 2])),
    "JSON twice": Hostile(body(lambda it: it.body * 2)),
    "not UTF-8": Hostile(body(lambda it: it.body.replace(b"a", b"\xff\xfe")), another=True),
    "an unknown charset": Hostile(head("Content-Type: application/json; charset=rot13")),
    "a byte order mark": Hostile(body(lambda it: it.body and b"\xef\xbb\xbf" + it.body)),
    "UTF-16": Hostile(body(lambda it: it.body.decode().encode("utf-16"))),
    "half a character": Hostile(body(lambda it: it.body.replace(b'":"', b'":"\\ud800')), another=True),
    "a page of HTML": Hostile(body(lambda _: b"<!doctype html><title>Sign in</title>" + b"<p>" * 9_999)),
    "the token in a page": Hostile(body(quoting)),
    "the token in an error": Hostile(body(quoting, status=500)),
    "null": Hostile(body(lambda _: b"null"), another=True),
    "an empty object": Hostile(body(lambda _: b"{}"), another=True),
    "an empty list": Hostile(body(lambda _: b"[]"), another=True),
    "a number": Hostile(body(lambda _: b"-7")),
    "a list in place of an object": Hostile(document(other_shape)),
    "inside out": Hostile(document(inside_out), another=True),
    "null everywhere": Hostile(values(lambda *_: None), another=True),
    "a number for each text": Hostile(values(lambda _, it: 5 if isinstance(it, str) else it), another=True),
    "an object for each value": Hostile(values(lambda *_: {"a": [1]}), another=True),
    "true everywhere": Hostile(values(lambda *_: True), another=True),
    "texts for numbers": Hostile(values(lambda _, it: str(it) if is_number(it) else it)),
    "keys twice, the first null": Hostile(body(twice)),
    "keys twice, the last null": Hostile(
        body(lambda it: re.sub(rb"\}", b', "id": null}', it.body or b"{}")), another=True
    ),
    # numbers
    "10^9 promised": Hostile(counts(10**9)),
    "10^9 promised, the same again": Hostile(counts(10**9), first=True),
    "a million counted": Hostile(counts(10**6)),
    "negative counts": Hostile(counts(-1)),
    "nothing counted": Hostile(counts(0), another=True),
    "fractions counted": Hostile(counts(0.001)),
    "2^80": Hostile(number(2**80), another=True),
    "1e400": Hostile(raw(b"1e400"), another=True),
    "NaN": Hostile(raw(b"NaN")),
    "a number of 10,000 digits": Hostile(raw(b"9" * 10_000), another=True),
    "negative numbers": Hostile(values(lambda _, it: -it - 1 if is_number(it) else it), another=True),
    # texts
    "terminal escapes in names": Hostile(texts(lambda it: it + ESCAPES), another=True),
    "paths in names": Hostile(texts(paths), another=True),
    "names of 50 MB": Hostile(
        body(lambda it: it.body.replace(b'"name"', b'"name": "%b", "x"' % (b"n" * 50 * MIB), 1)), another=True
    ),
    "other ids": Hostile(values(lambda _, it: ID.sub("A" * 32, it) if isinstance(it, str) else it), another=True),
    "empty texts": Hostile(values(lambda _, it: "" if isinstance(it, str) else it), another=True),
    # heads
    "a header of 1 MB": Hostile(head("X-Long: " + "x" * MIB)),
    "a thousand cookies": Hostile(head(*(f"Set-Cookie: c{at}={'v' * 50}" for at in range(1000)))),
    "an odd cookie": Hostile(head("Set-Cookie: a=b; max-age=" + "9" * 6000, "Set-Cookie: =;=;;\x01")),
    "control characters in a header": Hostile(head("X-Odd: a\x00b\x1b[2J")),
    "a header without a name": Hostile(head(": x", "no colon")),
    "a redirect to itself": Hostile(is_redirect("?")),
    "a redirect to another host": Hostile(is_redirect("https://evil.example/\x1b[2J")),
    "a redirect to a file": Hostile(is_redirect("file:///etc/passwd")),
    "a redirect to nonsense": Hostile(is_redirect("http://[::1")),
    "interim answers": Hostile(interim),
    "interim answers without end": Hostile(interim_for_ever),
    "an upgrade": Hostile(upgrade),
    "no HTTP": Hostile(no_http),
    "status 999": Hostile(head(status=999)),
    "status 000": Hostile(head(status="000")),
    "status 206": Hostile(head(status=206)),
    "status 304": Hostile(head(status=304)),
    # refusals
    "wait for a year": Hostile(refused(503, {"code": "ERR001", "message": "later"}, "Retry-After: 31536000")),
    "wait until long ago": Hostile(
        refused(503, {"code": "ERR001"}, "Retry-After: Mon, 01 Jan 0001 00:00:00 -0000")
    ),
    "wait for nonsense": Hostile(refused(429, {"code": "ERR001"}, f"Retry-After: {'9' * 5000}", "Retry-After: ²")),
    "an error of 10 MB": Hostile(refused(400, talkative(10 * MIB))),
    "an error of 900 KB": Hostile(refused(400, talkative(300_000))),
    "an error with escapes": Hostile(
        refused(500, {"code": ESCAPES, "message": f"no{ESCAPES}\n" * 3, "ticketId": ESCAPES, "errors": ESCAPES})
    ),
    "errors within errors": Hostile(body(lambda _: nested(b'{"subErrors":[', b"]}"), status=500)),
    "a message within messages": Hostile(body(lambda _: b'{"message":' + nested(b"[", b"]") + b"}", status=500)),
    "40,000 errors": Hostile(refused(500, {"errors": [{"message": str(at)} for at in range(40_000)]})),
    "an error of odd types": Hostile(
        refused(500, {"code": {"a": 1}, "message": 5, "iServerCode": [], "ticketId": {}, "errors": {"a": 1}})
    ),
    "an error with the status of a success": Hostile(refused(200, {"code": "ERR001", "message": "no"})),
    "no entry": Hostile(refused(401, {"message": "who are you?"}), another=True),
    "session ended": Hostile(refused(401, {"code": "ERR009", "message": "expired"}), another=True),
}
