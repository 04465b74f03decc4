from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mstr_arrow.config import Limits
from mstr_arrow.fetch.page_plan import PagePlan
from mstr_arrow.grid.rows import Range


def test_the_first_page_has_its_own_size_and_the_byte_target_gives_that_of_the_rest():
    plan = PagePlan(100_000, Limits(first_page_rows=5_000, page_bytes=1_000_000))
    first = plan.take()
    assert first == Range(0, 5_000)
    plan.note_rows(first, 5_000, 5_000 * 40)
    assert plan.take() == Range(5_000, 25_000)
    assert plan.peek() == Range(30_000, 25_000)


def test_page_rows_follow_the_size_of_the_rows_seen_last():
    plan = PagePlan(10**6, Limits(page_bytes=1_000))
    for bytes_per_row, rows in ((10, 100), (1, 1_000), (2_000, 1)):
        wanted = plan.take()
        plan.note_rows(wanted, wanted.rows, wanted.rows * bytes_per_row)
        assert plan.page_rows == rows


def test_a_fixed_number_of_rows_replaces_the_byte_target():
    plan = PagePlan(25, Limits(page_rows=10, page_bytes=1))
    assert [plan.take(), plan.take(), plan.take()] == [Range(0, 10), Range(10, 10), Range(20, 5)]
    assert plan.peek() is None
    with pytest.raises(IndexError):
        plan.take()


def test_what_a_short_page_left_out_comes_next_and_later_pages_are_no_longer():
    plan = PagePlan(40, Limits(page_rows=10))
    first, second = plan.take(), plan.take()
    plan.note_rows(second, 9, 9)
    plan.note_rows(first, 4, 4)
    assert [plan.take() for _ in range(4)] == [Range(4, 4), Range(8, 2), Range(19, 1), Range(20, 4)]


def answered(plan, most):
    """Answer the next request with at most so many rows."""
    wanted = plan.take()
    plan.note_rows(wanted, min(wanted.rows, most), 10 * min(wanted.rows, most))
    return wanted.rows


def test_pages_grow_again_when_what_made_them_short_has_passed():
    plan = PagePlan(10**6, Limits(page_rows=100))
    assert answered(plan, 25) == 100
    assert [answered(plan, 100) for _ in range(20)] == [25] * 8 + [50] * 8 + [100] * 4


def test_a_limit_that_stays_is_tried_less_and_less_often_and_costs_no_row_twice():
    plan = PagePlan(10_000, Limits(page_rows=100))
    sizes = [answered(plan, 10) for _ in range(1_000)]
    assert plan.peek() is None
    assert sum(size > 10 for size in sizes) <= 7
    assert set(sizes) == {100, 20, 10}


def test_pages_that_were_asked_for_before_the_first_came_short_are_no_trials():
    plan = PagePlan(10**6, Limits(page_rows=100))
    for wanted in [plan.take() for _ in range(6)]:
        plan.note_rows(wanted, 50, 500)
    sizes = [answered(plan, 100) for _ in range(9)]
    assert sizes == [50] * 8 + [100]


def test_before_any_page_came_the_byte_target_is_the_estimate():
    plan = PagePlan(100, Limits(page_bytes=777, page_rows=10))
    wanted = plan.take()
    assert plan.estimate(wanted) == 777
    plan.note_rows(wanted, 10, 500)
    assert plan.estimate(Range(10, 3)) == 150


@settings(deadline=None, database=None)
@given(seed=st.integers(0, 9_999), total=st.integers(0, 300), page_rows=st.one_of(st.none(), st.integers(1, 50)))
def test_every_row_is_asked_for_until_it_came_and_never_again(seed, total, page_rows):
    luck = Random(seed)
    plan = PagePlan(total, Limits(page_rows=page_rows, first_page_rows=7, page_bytes=100))
    came, under_way = [], []
    while (wanted := plan.peek()) is not None or under_way:
        if wanted is not None and (not under_way or luck.random() < 0.5):
            assert plan.take() == wanted
            assert 1 <= wanted.rows <= plan.page_rows
            under_way.append(wanted)
        else:
            answered = under_way.pop(luck.randrange(len(under_way)))
            rows = luck.randint(1, answered.rows)
            plan.note_rows(answered, rows, rows * luck.randint(1, 60))
            came += range(answered.offset, answered.offset + rows)
    assert sorted(came) == list(range(total))


def test_the_first_rows_are_asked_for_and_twice_as_many_if_they_are_not_enough():
    plan = PagePlan(30, Limits(page_rows=5), first=8)
    assert [plan.take(), plan.take(), plan.peek()] == [Range(0, 5), Range(5, 3), None]
    plan.extend()
    assert [plan.take(), plan.take(), plan.peek()] == [Range(8, 5), Range(13, 3), None]
    plan.extend()
    plan.extend()
    assert plan.end == 30


def test_what_a_short_page_left_out_of_the_first_rows_is_asked_for():
    plan = PagePlan(30, Limits(page_rows=5), first=5)
    plan.note_rows(plan.take(), 2, 20)
    assert plan.take() == Range(2, 2)
    assert plan.take() == Range(4, 1)
    assert plan.peek() is None


def slow(**limits):
    """Make a plan whose byte target is 10,000 rows, after its first page."""
    plan = PagePlan(10**6, Limits(page_bytes=100_000, page_seconds=2.0, **limits))
    plan.note_rows(plan.take(), 5_000, 50_000)
    return plan


def test_pages_that_take_too_long_shrink_to_what_comes_in_time_and_no_further_than_allowed():
    plan = slow(min_page_rows=1_000)
    for _ in range(30):
        wanted = plan.take()
        plan.note_seconds(wanted, wanted.rows / 2_000)
        plan.note_rows(wanted, wanted.rows, wanted.rows * 10)
    assert 2_400 <= plan.page_rows <= 5_000  # of a target of 4,000
    for _ in range(10):
        plan.note_seconds(plan.take(), 100.0)
    assert plan.page_rows == 1_000


def test_pages_under_way_that_were_asked_for_before_do_not_shrink_them_again():
    plan = slow()
    asked = [plan.take() for _ in range(4)]
    for wanted in asked:
        plan.note_seconds(wanted, 4.0)
    assert plan.page_rows == 5_000


def test_pages_grow_back_to_the_byte_target_where_the_server_is_quick_again():
    plan = slow()
    plan.note_seconds(plan.take(), 9.0)
    assert plan.page_rows == 5_000
    sizes = []
    for _ in range(6):
        wanted = plan.take()
        plan.note_seconds(wanted, 0.1)
        sizes.append(plan.page_rows)
    assert sizes == [6_251, 7_814, 9_768, 10_000, 10_000, 10_000]


def test_a_fixed_number_of_rows_stays_however_long_a_page_takes():
    plan = slow(page_rows=5_000)
    plan.note_seconds(plan.take(), 1_000.0)
    assert plan.page_rows == 5_000


def test_the_buffer_holds_eight_pages_or_more():
    plan = PagePlan(10**6, Limits(buffer_bytes=16 * 2**20))
    plan.note_rows(plan.take(), 5_000, 500_000)
    assert plan.page_rows * 100 <= 2 * 2**20 < (plan.page_rows + 1) * 100
    plan = PagePlan(10**6, Limits(buffer_bytes=1))
    plan.note_rows(plan.take(), 5_000, 500_000)
    assert plan.page_rows == 2**20 // 100
