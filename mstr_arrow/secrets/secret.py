"""A secret where it is kept, and what all stores share."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import orjson

from mstr_arrow.errors import MstrError, SecretError, UsageError
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Callable

    Content = str | dict[str, str]

KEPT_SECONDS = 60.0
"""How long the fields of a secret may be handed out after it was fetched."""


class Store(Protocol):
    """Where one secret is kept. ``str(store)`` says it, as in "AWS secret 'mstr/prod'"."""

    def fetch(self) -> Content:
        """Return the secret's text, or its fields where the store itself has fields; may block."""

    def hint(self, error: Exception) -> str:
        """Say what to do about an error of `fetch`."""


class Secret:
    """A secret that is fetched when it is called; made by the functions of ``ma.secrets``.

    ``secret["password"]`` is one field of a secret that holds several, as a JSON object or in a store of groups.
    Fields of one secret share a fetch, which is repeated when a field is called again, as by a log-in after a
    rotation, and after ``KEPT_SECONDS``. Calling blocks: await `resolve`
    in a coroutine. Any thread may call. A pickled secret holds the place, not the text.

    Raises SecretError if the store refuses, UsageError for a call of a secret of several fields.
    """

    __slots__ = ("_key", "_last", "_store")
    __iter__: ClassVar[None] = None  # or Python would count fields from 0 for ever

    def __init__(self, store: Store, key: str | None = None, last: _Last | None = None) -> None:
        self._store = store
        self._key = key
        self._last = last or _Last()
        if key is not None:
            require_texts(key=key)

    def __repr__(self) -> str:
        return f"<Secret {self._store}>" if self._key is None else f"<Secret {self._key!r} of {self._store}>"

    def __getitem__(self, key: str) -> Secret:
        if self._key is not None:
            raise UsageError(f"{self!r} is one field already.", hint="Fields of fields are not looked into.")
        require_texts(key=key)
        return Secret(self._store, key, self._last)

    def __call__(self) -> str:
        """Return the text, fetched if need be."""
        content = self._last.take(self._key, self._fetch)
        return self._whole(content) if self._key is None else self._field(content, self._key)

    def _fetch(self) -> Content:
        try:
            return self._store.fetch()
        except MstrError:
            raise
        except Exception as error:  # noqa: BLE001 - every client library has its own
            failure = error
        lines = str(failure).strip().splitlines()
        reason = f"{type(failure).__name__}: {lines[0][:300]}" if lines else type(failure).__name__
        # What AWS answers to a wrong signature quotes the request further down, with the session token in it.
        cause = None if "x-amz-security-token" in str(failure).lower() else failure
        raise SecretError(
            f"the {self._store} could not be read: {reason.rstrip('.')}.", hint=self._store.hint(failure)
        ) from cause

    def _whole(self, content: Content) -> str:
        fields = content if isinstance(content, dict) else _fields(content)
        if isinstance(content, dict) or fields:
            raise UsageError(
                f"the {self._store} holds {_list_fields(fields)}, and which one is meant was not said.",
                hint=advice("choose a field", "Choose a field by {secrets.aws_secret.key}, or by secret[key]."),
            )
        return content

    def _field(self, content: Content, key: str) -> str:
        fields = content if isinstance(content, dict) else _fields(content)
        if fields is None:
            raise SecretError(
                f"the {self._store} is no JSON object, so it has no field {key!r}.",
                hint="Leave the key out if the secret is the text itself.",
            )
        if key not in fields:
            raise SecretError(f"the {self._store} has no field {key!r}.", hint=f"It holds {_list_fields(fields)}.")
        value = fields[key]
        if not isinstance(value, str):
            raise SecretError(
                f"the field {key!r} of the {self._store} is of JSON type {_json_type(value)}, not a string.",
                hint="Put it in quotes there.",
            )
        return value


class _Last:
    """The values that were fetched last, for as long as they may be handed out; each field once."""

    __slots__ = ("_content", "_lock", "_taken", "_until")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._content: Content | None = None
        self._taken: set[str] = set()
        self._until = 0.0

    def __reduce__(self) -> tuple[type[_Last], tuple[()]]:
        return _Last, ()

    def take(self, key: str | None, fetch: Callable[[], Content]) -> Content:
        """Return the content that has ``key``; a whole secret (None) is always fetched, and not kept."""
        if key is None:
            return fetch()
        with self._lock:
            if self._content is None or key in self._taken or monotonic() > self._until:
                self._content = None
                self._content = fetch()
                self._taken = set()
                self._until = monotonic() + KEPT_SECONDS
            self._taken.add(key)
            return self._content


def require_texts(**texts: object) -> None:
    """Refuse what is not a text, or is empty; errors: UsageError naming the argument."""
    for argument, value in texts.items():
        if not isinstance(value, str) or not value:
            what = "empty" if value == "" else "None" if value is None else f"of type {type(value).__name__}"
            raise UsageError(f"{argument}= is {what}; it says which secret is meant.", hint="Give a string.")


def text_of(data: bytes, store: Store) -> str:
    """Decode a secret; errors: SecretError, which holds nothing of it."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass  # the error raised here would carry the bytes
    raise SecretError(f"the {store} is no text in UTF-8.", hint="Store it as text.")


def _fields(text: str) -> dict[str, Any] | None:
    """Read a JSON object; None for any other text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _list_fields(fields: dict[str, Any] | None) -> str:
    names = sorted(fields or {})
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"the field{'s' if len(names) > 1 else ''} {', '.join(names[:20])}{more}" if names else "no fields"


def _json_type(value: object) -> str:
    return {dict: "object", list: "array", bool: "boolean", type(None): "null"}.get(type(value), "number")
