import asyncio
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mstr_arrow.config import Limits
from mstr_arrow.errors import ClosedError, DataMismatch
from mstr_arrow.fetch.budget import Budget
from mstr_arrow.fetch.page_plan import PagePlan
from mstr_arrow.fetch.scheduler import Fetched, Scheduler
from mstr_arrow.grid.document import Paging
from mstr_arrow.grid.rows import Range

ROW = 10
"""Bytes of a row."""


class Pages:
    """A server without HTTP: gives pages after as many turns of the loop as it is told, and keeps the books."""

    def __init__(self, total, limits, *, ordered=True, turns=lambda: 0, shorten=lambda rows: rows):
        self.total, self.limits, self.ordered = total, limits, ordered
        self.turns, self.shorten = turns, shorten
        self.asked: list[Range] = []
        self.in_flight = self.most_in_flight = self.delivered = self.most_held = 0
        self.held: dict[int, int] = {}
        self.longest = 0
        self.alter = lambda _, page: page
        self.plan = PagePlan(total, limits)
        self.budget = Budget(limits)
        self.scheduler = Scheduler(self.plan, self.fetch, self.budget, ordered=ordered)
        if total:
            first = self.plan.take()
            self.book(first.offset, first.rows)
            self.scheduler.accept(first, self.page(first, first.rows))

    def page(self, wanted, rows):
        items = list(range(wanted.offset, wanted.offset + rows))
        return Fetched(items, rows, Paging(self.total, rows, wanted.offset), rows * ROW)

    def book(self, offset, rows):
        """Note the bytes that are held, but for those of the page that the consumer waits for."""
        self.held[offset] = rows * ROW
        self.longest = max(self.longest, rows * ROW)
        others = sum(size for at, size in self.held.items() if at != self.delivered)
        self.most_held = max(self.most_held, others if self.ordered else sum(self.held.values()))

    async def fetch(self, wanted, free_place):
        self.asked.append(wanted)
        self.book(wanted.offset, wanted.rows)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await idle(self.turns())
        finally:
            self.in_flight -= 1
        free_place()
        await idle(self.turns())  # being decoded
        rows = self.shorten(wanted.rows)
        self.held[wanted.offset] = rows * ROW
        return self.alter(wanted, self.page(wanted, rows))

    async def next(self):
        page = await self.scheduler.next()
        if page is not None:
            del self.held[page.paging.offset]
            self.delivered += page.rows
        return page

    async def all(self):
        rows = []
        while (page := await self.next()) is not None:
            rows += page.item
            await idle(self.turns())
        return rows


async def idle(turns):
    for _ in range(turns):
        await asyncio.sleep(0)


@st.composite
def some_limits(draw):
    return Limits(
        page_rows=draw(st.one_of(st.none(), st.integers(1, 30))),
        first_page_rows=draw(st.integers(1, 30)),
        page_bytes=draw(st.integers(1, 30 * ROW)),
        concurrency=draw(st.integers(1, 5)),
        buffer_bytes=draw(st.integers(1, 100 * ROW)),
    )


@settings(database=None)
@given(
    total=st.integers(0, 200),
    limits=some_limits(),
    ordered=st.booleans(),
    cuts=st.booleans(),
    seed=st.integers(0, 999),
)
def test_every_row_comes_once_within_the_limits(total, limits, ordered, cuts, seed):
    luck = Random(seed)

    async def main():
        pages = Pages(
            total,
            limits,
            ordered=ordered,
            turns=lambda: luck.randrange(6),
            shorten=lambda rows: luck.randint(1, rows) if cuts else rows,
        )
        rows = await pages.all()
        assert rows == list(range(total)) if ordered else sorted(rows) == list(range(total))
        assert pages.most_in_flight <= limits.concurrency
        assert pages.most_held <= (limits.buffer_bytes if ordered else max(limits.buffer_bytes, pages.longest))
        assert await pages.next() is None

    asyncio.run(main())


@settings(database=None)
@given(limits=some_limits(), ordered=st.booleans(), pulls=st.integers(0, 3), seed=st.integers(0, 999))
def test_a_consumer_that_does_not_pull_stops_the_requests(limits, ordered, pulls, seed):
    luck = Random(seed)

    async def main():
        pages = Pages(2_000, limits, ordered=ordered, turns=lambda: luck.randrange(4))
        for _ in range(pulls):
            await pages.next()
        await idle(600)
        asked = len(pages.asked)
        await idle(200)
        assert len(pages.asked) == asked
        assert pages.in_flight == 0
        assert sum(pages.held.values()) <= limits.buffer_bytes + pages.longest
        await pages.scheduler.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("ordered", [True, False])
def test_what_was_taken_makes_room_for_as_much_again(ordered):
    async def main():
        pages = Pages(1_000, Limits(page_rows=10, concurrency=2, buffer_bytes=5 * 10 * ROW), ordered=ordered)
        for taken in range(1, 31):
            assert (await pages.next()).rows == 10
            await idle(100)
            assert 1 + len(pages.asked) == taken + 5  # the first page was there before any was asked for
        await pages.scheduler.aclose()

    asyncio.run(main())


def test_pages_are_in_parallel_up_to_the_limit_and_an_answered_one_makes_room():
    async def main():
        pages = Pages(100, Limits(page_rows=10, concurrency=3, buffer_bytes=10**6))
        answer = asyncio.Event()

        async def fetch(wanted, free_place):
            pages.asked.append(wanted)
            await answer.wait()
            free_place()
            free_place()  # told twice, freed once
            await asyncio.Event().wait()  # decoded never

        budget = Budget(pages.limits)
        scheduler = Scheduler(pages.plan, fetch, budget, ordered=True)
        waiting = asyncio.ensure_future(scheduler.next())
        await idle(5)
        assert (len(pages.asked), budget.in_flight) == (3, 3)
        answer.set()
        await idle(50)
        assert (len(pages.asked), budget.in_flight) == (9, 0)
        waiting.cancel()
        await scheduler.aclose()

    asyncio.run(main())


def test_arrival_order_hands_out_what_is_there():
    async def main():
        turns = iter([20, 0, 1, 0, 1, 0, 1, 0])
        pages = Pages(50, Limits(page_rows=10, concurrency=2), ordered=False, turns=lambda: next(turns, 0))
        rows = await pages.all()
        assert rows[:10] == list(range(10))
        assert rows != sorted(rows) == list(range(50))

    asyncio.run(main())


def test_the_first_error_wins_and_stops_the_requests():
    async def main():
        pages = Pages(1_000, Limits(page_rows=10, concurrency=3), turns=lambda: 3)

        def fail(wanted, _):
            raise LookupError(f"at {wanted.offset}")

        pages.alter = fail
        with pytest.raises(LookupError, match="at 10"):
            await pages.all()
        await idle(20)
        asked = len(pages.asked)
        for _ in range(3):
            with pytest.raises(LookupError, match="at 10"):
                await pages.next()
        await idle(20)
        assert len(pages.asked) == asked <= 9

    asyncio.run(main())


def test_of_pages_that_fail_together_the_first_in_the_order_of_rows_is_told():
    async def main():
        pages = Pages(1_000, Limits(page_rows=10, concurrency=3), ordered=False)
        earlier = asyncio.Event()

        async def fetch(wanted, _):
            if wanted.offset < 30:
                await earlier.wait()
            raise LookupError(f"at {wanted.offset}")

        scheduler = Scheduler(pages.plan, fetch, Budget(pages.limits), ordered=False)
        waiting = asyncio.ensure_future(scheduler.next())
        await idle(20)
        assert not waiting.done()
        earlier.set()
        with pytest.raises(LookupError, match="at 10"):
            await waiting
        await scheduler.aclose()

    asyncio.run(main())


def test_a_page_behind_the_one_that_failed_is_not_waited_for():
    async def main():
        pages = Pages(1_000, Limits(page_rows=10, concurrency=3))

        async def fetch(wanted, _):
            if wanted.offset > 10:
                await asyncio.Event().wait()
            raise LookupError(f"at {wanted.offset}")

        scheduler = Scheduler(pages.plan, fetch, Budget(pages.limits), ordered=True)
        with pytest.raises(LookupError, match="at 10"):
            await asyncio.wait_for(scheduler.next(), 20)
        await scheduler.aclose()

    asyncio.run(main())


def test_closing_stops_the_requests_and_wakes_who_waits():
    async def main():
        pages = Pages(1_000, Limits(page_rows=10, concurrency=3), turns=lambda: 50)
        await pages.next()
        waiting = asyncio.ensure_future(pages.next())
        await idle(10)
        await pages.scheduler.aclose()
        with pytest.raises(ClosedError):
            await waiting
        await idle(200)
        assert pages.in_flight == 0
        assert len(pages.asked) == 3
        await pages.scheduler.aclose()

    asyncio.run(main())


def lie(**changes):
    """Alter what a page says or brings; ``rows`` is what it brings."""

    def alter(_, page):
        paging = page.paging
        changed = {"total": paging.total, "current": paging.current, "offset": paging.offset}
        changed |= {name: changed[name] + by for name, by in changes.items() if name != "rows"}
        return Fetched(page.item, changes.get("rows", page.rows), Paging(**changed), page.size)

    return alter


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lie(offset=1), "The page at row 10 came with offset 11"),
        (lie(offset=-10), "The page at row 10 came with offset 0"),
        (lie(total=1), "says the result has 101 rows; the first page said 100"),
        (lie(total=-100), "says the result has 0 rows; the first page said 100"),
        (lie(rows=11), "has 11 rows where at most 10 were due"),
        (lie(rows=0), "The page at row 10 is empty, though the result has 100 rows"),
    ],
)
@pytest.mark.parametrize("ordered", [True, False])
def test_a_page_that_is_not_the_one_asked_for_is_refused(alter, said, ordered):
    async def main():
        pages = Pages(100, Limits(page_rows=10, concurrency=1), ordered=ordered)
        assert (await pages.next()).rows == 10
        pages.alter = alter
        with pytest.raises(DataMismatch, match=said) as caught:
            await pages.next()
        assert "Read again" in caught.value.hint

    asyncio.run(main())


def test_an_empty_page_does_not_loop_for_ever():
    async def main():
        pages = Pages(20, Limits(page_rows=10), shorten=lambda _: 0)
        with pytest.raises(DataMismatch, match="empty"):
            await pages.all()
        assert Counter(pages.asked) == {Range(10, 10): 3}  # then it is believed

    asyncio.run(main())


@settings(database=None)
@given(limits=some_limits(), totals=st.lists(st.integers(0, 300), min_size=2, max_size=6), seed=st.integers(0, 999))
def test_schedulers_that_share_a_budget_keep_it_together_and_all_come_to_their_end(limits, totals, seed):
    luck = Random(seed)

    async def main():
        budget, asked = Budget(limits), Counter()

        def scheduler(number, total):
            plan = PagePlan(total, limits)

            async def fetch(wanted, free_place):
                asked["under way"] += 1
                asked["most"] = max(asked["most"], asked["under way"])
                await idle(luck.randrange(4))
                asked["under way"] -= 1
                free_place()
                await idle(luck.randrange(4))
                paging = Paging(total, wanted.rows, wanted.offset)
                return Fetched((number, wanted), wanted.rows, paging, wanted.rows * ROW)

            return Scheduler(plan, fetch, budget, ordered=True, awaited=number == 0)

        schedulers = [scheduler(number, total) for number, total in enumerate(totals)]
        for each in schedulers:
            each._start()
        rows = []
        for each in schedulers:
            while (page := await each.next()) is not None:
                number, wanted = page.item
                rows += [(number, row) for row in range(wanted.offset, wanted.end)]
            await each.aclose()
        assert rows == [(number, row) for number, total in enumerate(totals) for row in range(total)]
        assert asked["most"] <= limits.concurrency
        assert (budget.in_flight, budget.held) == (0, 0)

    asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize(
    ("limits", "most"), [({}, range(8, 14)), ({"polite": True}, [2]), ({"concurrency": 3}, [3])]
)
def test_requests_in_flight_follow_what_the_answers_tell(limits, most):
    """A server whose answers take longer, the more of them are under way beyond eight."""

    async def main():
        allowed = Limits(page_rows=10, **limits)
        budget, seen = Budget(allowed), []

        async def fetch(wanted, free_place):
            seen.append(budget.in_flight)
            await idle(3)
            free_place(max(1.0, budget.in_flight / 8))
            return Fetched(wanted, wanted.rows, Paging(20_000, wanted.rows, wanted.offset), wanted.rows * ROW)

        scheduler = Scheduler(PagePlan(20_000, allowed), fetch, budget, ordered=False)
        while await scheduler.next() is not None:
            pass
        assert round(sum(seen[-1_000:]) / 1_000) in most
        assert (budget.page_rows, budget.fewest_rows, budget.most_rows) == (10, 10, 10)
        assert (budget.in_flight, budget.held) == (0, 0)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_busy_answer_halves_the_requests_in_flight():
    async def main():
        budget = Budget(Limits())
        plan = PagePlan(1_000, Limits(page_rows=10))

        async def fetch(wanted, free_place):
            free_place(1.0, busy=wanted.offset == 0)
            return Fetched(wanted, wanted.rows, Paging(1_000, wanted.rows, wanted.offset), wanted.rows * ROW)

        scheduler = Scheduler(plan, fetch, budget, ordered=True)
        await scheduler.next()
        assert budget.limiter.limit == 3
        await scheduler.aclose()

    asyncio.run(main())
