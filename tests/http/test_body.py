"""Bodies that are legal HTTP, gzip and JSON, but unusual; and those that have one meaning all the same."""

import gzip
import zlib
from functools import partial

import orjson
import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.http.response import Response

zipped = partial(gzip.compress, mtime=0)
"""Packs as gzip, the same bytes whenever it does: some of them name a test."""

VALUE = {"name": "Größe €😀", "rows": [[1, None]]}
PLAIN = orjson.dumps(VALUE)
BARE = zlib.compressobj(wbits=-15)
BARE_DEFLATE = BARE.compress(PLAIN) + BARE.flush()


def response(body, encoding="", kind="application/json"):
    return Response(200, {"Content-Type": kind}, body, encoding)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PLAIN, ""),
        (PLAIN, "identity"),
        (PLAIN, "Identity"),
        (zipped(PLAIN), "gzip"),
        (zipped(PLAIN), "GZIP"),
        (zipped(PLAIN), " X-Gzip "),
        (zipped(PLAIN), "gzip, identity"),
        (zipped(zipped(PLAIN)), "gzip, gzip"),
        (zipped(PLAIN[:9]) + zipped(PLAIN[9:]), "gzip"),
        (b"".join(zipped(bytes([byte])) for byte in PLAIN), "gzip"),
        (zipped(b"") + zipped(PLAIN), "gzip"),
        (zipped(PLAIN) + bytes(512), "gzip"),
        (zipped(PLAIN), ""),
        (PLAIN, "gzip"),
        (zlib.compress(PLAIN), "deflate"),
        (BARE_DEFLATE, "deflate"),
        (PLAIN, "deflate"),
    ],
)
def test_a_body_is_unpacked_however_it_is_packed(body, encoding):
    assert response(body, encoding).json() == VALUE


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + PLAIN,
        b" \r\n\t" + PLAIN + b"\r\n\r\n",
        b"\xef\xbb\xbf\n" + PLAIN,
        *(
            PLAIN.decode().encode(name)
            for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
        ),
    ],
)
def test_a_document_is_read_in_every_unicode_encoding(text, packed):
    assert (response(zipped(text), "gzip") if packed else response(text)).json() == VALUE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (PLAIN, "application/json;charset=UTF-8"),
        (PLAIN, 'application/json; charset="utf8"'),
        (PLAIN, "application/json; charset=ISO-8859-1"),  # a header that is wrong
        (PLAIN, "text/plain; charset=nobody-knows"),
        ('{"name": "Größe €😀", "rows": [[1, null]]}'.encode("gb18030"), "application/json; charset=GB18030"),
        (PLAIN.decode().encode("utf-16"), "application/json; charset=UTF-16"),
    ],
)
def test_a_charset_counts_where_the_text_is_no_utf_8(text, kind):
    assert response(text, kind=kind).json() == VALUE


def test_latin_1_is_read_where_the_header_says_so():
    assert response('["Größe"]'.encode("latin-1"), kind="application/json;charset=ISO-8859-1").json() == ["Größe"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'"A\ud83d"', "A\ufffd"),
        (rb'"\udc00\ud83d\ude00\ud83d"', "\ufffd😀\ufffd"),
        (rb'"\\ud83d \ud83dx"', "\\ud83d \ufffdx"),
    ],
)
def test_half_a_character_is_told_by_its_mark(text, value):
    assert response(text).json() == value


@pytest.mark.parametrize(
    ("body", "encoding", "kind", "said"),
    [
        (b"", "", "", "no body where JSON was due"),
        (b" \n", "", "", "no body where JSON was due"),
        (b"x", "br", "", "packed as 'br'"),
        (zipped(PLAIN)[:-9], "gzip", "", "ends early"),
        (zipped(PLAIN) + zipped(PLAIN)[:-9], "gzip", "", "ends early"),
        (zipped(PLAIN) + b"rubbish", "gzip", "", "7 bytes stand behind the response's gzip.*rubbish"),
        (b"nonsense", "gzip", "", "gzip is damaged"),
        (b"nonsense", "deflate", "", "deflate is damaged.*nonsense"),
        (zlib.compress(PLAIN)[:-5], "deflate", "", "deflate is damaged"),
        (PLAIN + b"rubbish", "", "", "not JSON.*starts with"),
        (PLAIN + PLAIN, "", "", "not JSON"),
        (b"\xff\xfe{", "", "", "cannot be read as 'utf-16'"),
        ("ö".encode("latin-1"), "", "application/json; charset=nobody-knows", "cannot be read as 'nobody-knows'"),
        ('["ö"]'.encode("latin-1"), "", "", "not JSON"),
    ],
)
def test_what_has_no_one_meaning_is_refused_with_what_was_seen(body, encoding, kind, said):
    with pytest.raises(ProtocolError, match=said) as caught:
        response(body, encoding, kind).json()
    assert caught.value.hint
