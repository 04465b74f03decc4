"""The body of a cube instance's request as a cube of what it asks for (Wire reference, sections 5.1 and 5.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object

from .aggregation import aggregate, extremes, with_values
from .lookup import find_column, find_forms
from .sorting import sort_cube

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.simulator.model.cubes import Attribute, Cube, Metric

    from .filtering import Filtering

_MEMBERS = {"requestedObjects", "viewFilter", "metricLimits", "sorting", "subtotals"}


def project(cube: Cube, body: Any, filtering: Filtering) -> Cube:
    """Filter, choose, aggregate, limit and sort as the body of an instance request asks, in this order.

    Without ``requestedObjects`` every attribute and metric is asked for. A body that only chooses columns, and
    among them one that tells the rows apart, costs nothing; all else is worked out here, for the whole cube.
    Raises the server's 400 for what the body must not ask for.
    """
    body = json_object(body)
    unknown = {name for name, value in body.items() if value} - _MEMBERS
    if unknown:
        raise bad_request(f"The simulator does not support {', '.join(sorted(unknown))} yet.")
    if body.get("viewFilter") is not None:
        cube = filtering.filter_cube(cube.evaluate_rows(), body["viewFilter"])
    if body.get("requestedObjects") is not None:
        cube = _choose_requested(cube, json_object(body["requestedObjects"]))
    cube = cube.evaluate_rows()
    if body.get("metricLimits"):
        cube = filtering.limit_cube(cube, body["metricLimits"])
    return sort_cube(cube, body.get("sorting"), filtering.collation)


def _choose_requested(cube: Cube, requested: dict[str, Any]) -> Cube:
    found = [(find_column(cube.attributes, item, "attribute"), item) for item in requested.get("attributes") or []]
    attributes = [find_forms(attribute, item) for attribute, item in found]
    metrics = [find_column(cube.metrics, item, "metric") for item in requested.get("metrics") or []]
    ids = [attribute.id for attribute in attributes] + [metric.id for metric in metrics]
    if len(set(ids)) < len(ids):
        raise bad_request("The requested objects name one of them twice.")
    if not attributes and not metrics:
        return replace(cube.project((), ()), total=0, evaluate=None)
    if cube.evaluate is not None or _keeps_rows(cube, attributes):
        return cube.project(attributes, metrics)
    return _aggregate(cube, attributes, metrics)


def _keeps_rows(cube: Cube, attributes: list[Attribute]) -> bool:
    kept = {attribute.id for attribute in attributes}
    return cube.total <= 1 or bool(kept & cube.keys) or kept == {attribute.id for attribute in cube.attributes}


def _aggregate(cube: Cube, attributes: Sequence[Attribute], metrics: Sequence[Metric]) -> Cube:
    """Make the cube with a row for each combination of elements that occurs."""
    if len(cube.tables) > 1:
        raise bad_request("The simulator aggregates filtered rows of a dataset with one table only.")
    rows = cube.project(attributes, metrics).rows(0, cube.total)
    groups = aggregate(rows, [attribute.id for attribute in attributes], metrics)
    summed = cube.project(
        [replace(a, key=pl.lit(groups[a.id]).gather(pl.col("row"))) for a in attributes],
        [with_values(metric, groups[metric.id]) for metric in metrics],
    )
    summed = replace(summed, total=len(groups), numbers=len(groups), order=None, keys=frozenset())
    return replace(summed, extremes=extremes(summed.project((), summed.metrics).rows(0, summed.total)))
