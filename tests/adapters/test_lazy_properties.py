"""Random lazy queries give what they give over all rows, whatever of them the server is asked for."""

from __future__ import annotations

import os
import random
from functools import reduce

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator
from tests.support.servers import IDLE
from tests.support.slow import thinned

SOURCES = ("Sales Cube", "Awkward Values", "Plain Report")
ROUNDS = int(os.environ.get("SCAN_ROUNDS", "7"))
"""Queries of each object with each engine; more of them take long, and find more."""


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=400, **IDLE) as running:
        yield running


@pytest.fixture(scope="module")
def objects(server):
    """Each object lazily, with push-down and without, and all its rows."""
    with ma.connect(server.url, username=server.username, password=server.password) as connection:
        found = {}
        for name in SOURCES:
            find = connection.report if name.endswith("Report") else connection.cube
            scan = find(name, limits=ma.Limits(page_rows=90))
            lazily = [scan.lazy(), scan.with_options(pushdown=False).lazy()]
            found[name] = (*lazily, scan.to_polars())
        yield found


class Drawn:
    """Draws queries over a frame's columns."""

    def __init__(self, frame, seed):
        self.frame = frame
        self.random = random.Random(seed)

    def query(self, *, heads=True):
        """Draw a query, as a function of a lazy frame; ``heads`` lets it begin with the first rows."""
        draw = self.random
        steps = [self.end()]
        if draw.random() < 0.8:
            condition = self.condition()
            steps.insert(0, lambda lazy: lazy.filter(condition))
        if heads and draw.random() < 0.2:
            rows = draw.choice([0, 1, 60, 95, 250])
            steps.insert(0, lambda lazy: lazy.head(rows))
        return lambda lazy: reduce(lambda so_far, step: step(so_far), steps, lazy)

    def end(self):
        """Draw what comes after the conditions."""
        columns = self.random.sample(self.frame.columns, self.random.randint(1, len(self.frame.columns)))
        last = self.random.random() < 0.5

        def ordered(lazy):
            return lazy.select(columns).sort(columns, nulls_last=last, maintain_order=True)

        ends = [
            lambda lazy: lazy,
            lambda lazy: lazy.select(columns),
            ordered,
            lambda lazy: ordered(lazy).head(7),
            lambda lazy: lazy.group_by(columns[:2]).agg(pl.len(), pl.col(columns[2:]).max()),
            lambda lazy: lazy.with_columns(pl.col(columns[0]).is_null().alias("more")).select("more", columns[-1]),
            lambda lazy: lazy.select(columns[:2]).unique(),
        ]
        return self.random.choice(ends)

    def condition(self, leaves=4):
        kind = self.random.choice(["leaf", "and", "or", "not"]) if leaves > 1 else "leaf"
        if kind == "leaf":
            return self.leaf()
        if kind == "not":
            return ~self.condition(leaves - 1)
        one, other = self.condition(leaves // 2), self.condition(leaves // 2)
        return one & other if kind == "and" else one | other

    def leaf(self):
        draw = self.random
        name = draw.choice(self.frame.columns)
        column, dtype = pl.col(name), self.frame.schema[name]
        values = self.frame[name].drop_nulls().unique(maintain_order=True).to_list() or [None]
        one, other = (pl.lit(draw.choice(values), dtype=dtype) for _ in range(2))
        among = pl.Series([draw.choice(values) for _ in range(3)], dtype=dtype)
        choices = [
            column == one,
            column != one,
            column.is_null(),
            column.is_not_null(),
            column.is_in(among.implode()),
        ]
        if dtype != pl.Boolean:
            choices += [column > one, column <= one, column.is_between(one, other), one < column]
        if dtype == pl.String:
            text = str(draw.choice(values))
            choices += [column.str.starts_with(text[:2]), column.str.contains(text[1:3], literal=True)]
            choices += [column.str.len_chars() > len(text), column.str.to_uppercase() == text.upper()]
        if dtype == pl.Int64:
            choices += [column % 3 == 1, column > 0.5]
        return draw.choice(choices)


def same_rows(found, expected):
    """Compare frames as bags of rows: those of unsorted queries have no order."""
    assert found.schema == expected.schema
    assert sorted(map(repr, found.rows())) == sorted(map(repr, expected.rows()))


@pytest.mark.parametrize("engine", thinned(["in-memory", "streaming"], {"streaming"}))
@pytest.mark.parametrize("name", SOURCES)
def test_lazy_queries_equal_those_over_all_rows(server, objects, name, engine):
    pushing, plain, frame = objects[name]
    before = len(server.requests)
    for seed in range(ROUNDS):
        query = Drawn(frame, f"{name} {engine} {seed}").query()
        expected = query(frame.lazy()).collect(engine=engine)
        for lazy in (pushing, plain):
            same_rows(query(lazy).collect(engine=engine), expected)
    assert any(b"viewFilter" in request.body for request in server.requests[before:])


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.usefixtures("several")
def test_queries_collected_together_equal_those_over_all_rows(objects, engine):
    lazy, _, frame = objects["Sales Cube"]
    for seed in range(ROUNDS // 2):
        # Polars takes first rows of what it reads once for both, in whatever order that comes.
        queries = [Drawn(frame, f"{engine} {seed} {number}").query(heads=False) for number in range(2)]
        found = pl.collect_all([query(lazy) for query in queries], engine=engine)
        for query, each in zip(queries, found, strict=True):
            same_rows(each, query(frame.lazy()).collect(engine=engine))
