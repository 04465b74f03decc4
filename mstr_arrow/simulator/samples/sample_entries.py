"""Objects of every project that are listed and cannot be read: a shortcut, dashboards, any number of others."""

from __future__ import annotations

from mstr_arrow.simulator.model.catalogue import DASHBOARD_TYPE, REPORT_TYPE, SHORTCUT_TYPE, Entry
from mstr_arrow.simulator.model.cubes import object_id

_SHORTCUT_SUBTYPE, _DASHBOARD_SUBTYPE = 4608, 14081
_DASHBOARD_MEDIA = 0x6000_0000
"""Bits of ``viewMedia`` by which clients tell dashboards from documents, which have the same subtype."""
_GENERATED = (768, 769, 774, 776, 779, _DASHBOARD_SUBTYPE)
_REPORTS = ("Public Objects", "Reports")


def sample_entries(further: int) -> list[Entry]:
    """Make a shortcut, dashboards, and so many ``further`` objects of all subtypes, in up to a hundred folders."""
    shortcut = _make("shortcut", "Shortcut To Sales", SHORTCUT_TYPE, _SHORTCUT_SUBTYPE, ("Public Objects",))
    overview, details = (
        _make("dashboard", name, DASHBOARD_TYPE, _DASHBOARD_SUBTYPE, _REPORTS, media=media)
        for name, media in (("Retail Overview", _DASHBOARD_MEDIA), ("Store Details", 0))
    )
    return [shortcut, overview, details, *map(_generate, range(further))]


def _generate(number: int) -> Entry:
    subtype = _GENERATED[number % len(_GENERATED)]
    return Entry(
        object_id("generated", str(number)),
        f"Object {number:06}",
        DASHBOARD_TYPE if subtype == _DASHBOARD_SUBTYPE else REPORT_TYPE,
        subtype,
        ("Public Objects", "Generated", f"Folder {number % 100:02}"),
    )


def _make(kind: str, name: str, type_: int, subtype: int, path: tuple[str, ...], *, media: int = 0) -> Entry:
    return Entry(object_id(kind, name), name, type_, subtype, path, view_media=media)
