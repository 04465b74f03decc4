"""Which objects are to be fetched: by name, or by patterns of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.cli.fetching.fetch_outcome import FetchOutcome
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.names import matcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mstr_arrow.catalog.object_info import Kind, ObjectInfo
    from mstr_arrow.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChoice:
    """Which objects: by name, and by patterns of names; of a ``kind``, if that is said."""

    names: Sequence[str]
    include: Sequence[str]
    exclude: Sequence[str]
    kind: Kind | None

    @property
    def several(self) -> bool:
        """Whether there may be more than one."""
        return len(self.names) > 1 or bool(self.include)

    def check(self) -> None:
        """Refuse what chooses nothing; errors: UsageError."""
        if not self.names and not self.include:
            raise UsageError(
                "no object is named.", hint="Name one, or several, or choose them by --include 'PATTERN'."
            )
        if self.exclude and not self.include:
            raise UsageError(
                "--exclude is for what --include chooses.", hint="Add --include '*', or leave it away."
            )

    def find_all(self, connection: Connection) -> list[ObjectInfo | FetchOutcome]:
        """Find them, each once; what cannot be found has failed."""
        found = [*self._find_named(connection), *self._find_included(connection)]
        return list({each.id if not isinstance(each, FetchOutcome) else each.name: each for each in found}.values())

    def _find_named(self, connection: Connection) -> Iterator[ObjectInfo | FetchOutcome]:
        for name in self.names:
            try:
                yield connection.find(name, self.kind)
            except NotFound as error:
                whole = " ".join(self.names)
                if len(self.names) > 1 and not any(" " in each for each in self.names):
                    error.add_hint(f"A name with blanks is put in quotes: {whole!r}.")
                yield FetchOutcome(name=name, error=error)
            except UsageError as error:
                yield FetchOutcome(name=name, error=error)

    def _find_included(self, connection: Connection) -> Iterator[ObjectInfo | FetchOutcome]:
        excluded = [matcher(pattern) for pattern in self.exclude]
        for pattern in self.include:
            listed = connection.objects(pattern, self.kind)
            chosen = [
                each for each in listed if each.kind is not None and not any(fits(each.name) for fits in excluded)
            ]
            yield from chosen
            if not chosen:
                what = f"{self.kind}s" if self.kind else "cubes, reports and data models"
                yield FetchOutcome(
                    name=pattern,
                    error=UsageError(
                        f"there are no {what} whose names are like {pattern!r}"
                        f"{', but for those that are excluded' if len(listed) and excluded else ''}.",
                        hint="* is any text, ? one letter: --include '*sales*'. mstr-arrow ls lists all objects.",
                    ),
                )
