"""Credentials of a profile: the text itself, or a table that names the store it is kept in.

::

    password = {env = "NIGHTLY_PASSWORD"}
    password = {file = "/run/secrets/mstr", shared = true}
    password = {keyring = "bi.example.com"}                          # username = "…" if not the profile's
    password = {aws = "mstr/prod", key = "password", region = "eu-west-1"}
    password = {aws-parameter = "/mstr/prod/password"}
    password = {aws-parameters = "/mstr/prod", key = "password"}
    password = {azure = "mstr-prod", vault = "https://acme.vault.azure.net"}
    password = {gcp = "mstr-prod", project = "acme-bi", key = "password"}

The stores are those of `mstr_arrow.secrets`; ``key`` is a field of a secret that holds several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow import secrets
from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.config import Credential


@dataclass(frozen=True, slots=True)
class Store:
    """A function of ``ma.secrets``, what it calls the secret, and what else a table must and may say."""

    named: Callable[..., secrets.Secret]
    argument: str
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


STORES = {
    "env": Store(secrets.env, "name"),
    "file": Store(secrets.file, "path", may=frozenset({"shared"})),
    "keyring": Store(secrets.keyring, "service", must=frozenset({"username"})),
    "aws": Store(secrets.aws_secret, "name", may=frozenset({"region"})),
    "aws-parameter": Store(secrets.aws_parameter, "name", may=frozenset({"region"})),
    "aws-parameters": Store(secrets.aws_parameters, "path", may=frozenset({"region"})),
    "azure": Store(secrets.azure_secret, "name", must=frozenset({"vault"}), may=frozenset({"version"})),
    "gcp": Store(secrets.gcp_secret, "name", must=frozenset({"project"}), may=frozenset({"version"})),
}
_ARGUMENTS = {"vault": "vault_url"}


class Credentials:
    """Credentials of one profile; fields of one secret share a fetch."""

    def __init__(self) -> None:
        self._groups: dict[tuple[tuple[str, Any], ...], secrets.Secret] = {}

    def read(self, value: object, what: str, *, username: str | None = None) -> Credential:
        """Return a text as it is, and for a table what fetches the secret; errors: UsageError, without the value.

        ``username`` is whose password a keyring is asked for where the table does not say it.

        >>> Credentials().read({"aws": "mstr/prod", "key": "password"}, "password")
        <Secret 'password' of AWS secret 'mstr/prod'>
        >>> Credentials().read({"keyring": "bi"}, "password", username="ann")
        <Secret keyring password of 'ann' for 'bi'>
        """
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise UsageError(f"{what} is neither a text nor a table.", hint=_hint())
        chosen = [name for name in value if name in STORES]
        if len(chosen) != 1:
            raise UsageError(f"{what} is a table that names {'several' if chosen else 'no'} stores.", hint=_hint())
        store, table = STORES[chosen[0]], dict(value)
        if chosen[0] == "keyring" and username is not None:
            table.setdefault("username", username)
        _check(what, chosen[0], store, table)
        key = table.pop("key", None)
        arguments = {store.argument: table.pop(chosen[0])} | {
            _ARGUMENTS.get(name, name): setting for name, setting in table.items()
        }
        which = (("", chosen[0]), *sorted(arguments.items()))
        group = self._groups.setdefault(which, store.named(**arguments))
        return group if key is None else group[key]


def _check(what: str, name: str, store: Store, table: dict[str, Any]) -> None:
    known = {name, "key", *store.must, *store.may}
    if unknown := sorted(table.keys() - known):
        raise UsageError(
            f"{what} says {listing(unknown)}, which {name!r} does not know.",
            hint=f"It knows {listing(sorted(known))}.",
        )
    if missing := sorted(store.must - table.keys()):
        raise UsageError(f"{what} does not say {listing(missing)}, which {name!r} needs.", hint=_hint())
    for key, setting in table.items():
        if not isinstance(setting, bool if key == "shared" else str):
            kind = "true or false" if key == "shared" else "a text"
            raise UsageError(f"{key!r} of {what} must be {kind}.", hint=_hint())


def _hint() -> str:
    return (
        'Write it like {env = "NAME"} or {aws = "mstr/prod", key = "password"}; the stores are: '
        f"{', '.join(STORES)}."
    )
