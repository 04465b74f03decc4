"""Places in a session's working set, given by an own count of what the server keeps."""

import asyncio
from functools import partial

import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.events import ReadWaits
from mstr_arrow.session.working_set import WorkingSet

PATH = "v2/cubes/C/instances"


class Touches:
    """Requests that are answered at once, and remembered."""

    def __init__(self):
        self.paths = []

    async def request(self, method, path, **_):
        assert method == "GET"
        self.paths.append(path.rpartition("/")[2])


@pytest.fixture
def http():
    return Touches()


def run(http, size, story, patience=5.0, **told_by):
    async def told():
        async def ask():
            return size

        places = WorkingSet(ask, patience=patience, **told_by)
        places.acquire = partial(places.acquire, http)
        places.spare = partial(places.spare, http)
        return await story(places)

    return asyncio.run(told())


async def made(places, name, **options):
    """Acquire a place and make an instance in it."""
    place = await places.acquire(PATH, **options)
    place.note_request()
    await asyncio.sleep(0.001)
    place.note_made(name)
    return place


def test_two_of_the_working_set_are_left_to_others(http):
    async def story(places):
        held = [await made(places, f"I{number}") for number in range(3)]
        waiting = asyncio.ensure_future(places.acquire(PATH))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        held[1].release()
        place = await waiting
        assert places.in_use == 3
        place.release()
        assert places.in_use == 2

    run(http, 5, story)


def test_places_are_given_in_the_order_of_asking(http):
    async def story(places):
        held = await made(places, "I")
        order = []

        async def one(number):
            place = await places.acquire(PATH)
            order.append(number)
            place.release()

        waiting = [asyncio.ensure_future(one(number)) for number in range(4)]
        await asyncio.sleep(0.01)
        held.release()
        await asyncio.gather(*waiting)
        assert order == [0, 1, 2, 3]

    run(http, 3, story)


def test_one_in_use_is_touched_before_a_new_one_could_push_it_out(http):
    async def story(places):
        slow = await made(places, "slow")
        for number in range(3):
            (await made(places, f"I{number}")).release()
        assert http.paths == []
        new = await places.acquire(PATH)
        assert http.paths == ["slow"]
        new.release()
        slow.release()

    run(http, 4, story)


def test_one_that_was_just_read_from_is_not_touched(http):
    async def story(places):
        read = await made(places, "read")
        for number in range(6):
            (await made(places, f"I{number}")).release()
            read.note_request()
            read.note_made("read")
        assert http.paths == []
        read.release()

    run(http, 5, story)


def test_what_rests_gives_way_the_cheap_ones_first(http):
    async def story(places):
        report = await made(places, "report", runs=True)
        report.rest()
        cube = await made(places, "cube")
        cube.rest()
        new = await places.acquire(PATH)
        assert report.in_use
        assert not cube.in_use
        again = await places.acquire(PATH, instance_id="report")
        assert again is report
        again.release()
        new.release()

    run(http, 4, story)


def test_a_spent_instance_is_found_while_it_may_be_there(http):
    async def story(places):
        (await made(places, "I")).release()
        place = await places.acquire(PATH, instance_id="I")
        assert place.instance_id == "I"
        place.release()
        for number in range(6):
            (await made(places, f"I{number}")).release()
        gone = await places.acquire(PATH, instance_id="I")
        assert gone.instance_id is None
        gone.release()

    run(http, 4, story)


def test_places_in_use_outlast_the_session_and_nothing_else_does(http):
    async def story(places):
        used, spent, resting = [await made(places, name) for name in ("used", "spent", "resting")]
        spent.release()
        resting.rest()
        waiting = [asyncio.ensure_future(places.acquire(PATH)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert [each.done() for each in waiting] == [True, True, False]
        places.session_ended()
        assert places.in_use == 3
        used.release()
        place = await waiting[2]
        assert place.instance_id is None
        for each in await asyncio.gather(*waiting):
            each.release()
        assert places.in_use == 0
        one = await places.acquire(PATH, instance_id="resting")
        assert one.instance_id is None

    run(http, 5, story)


def test_a_foreign_instance_takes_a_place_once(http):
    async def story(places):
        first = await places.acquire(PATH, instance_id="theirs", foreign=True)
        second = await places.acquire(PATH, instance_id="theirs", foreign=True)
        assert first is second
        assert places.in_use == 1
        first.release()
        assert places.in_use == 1
        second.release()
        assert places.in_use == 0

    run(http, 3, story)


def test_a_lost_answer_counts_and_a_refusal_does_not(http):
    async def story(places):
        slow = await made(places, "slow")
        for _ in range(3):
            refused = await places.acquire(PATH)
            refused.note_request()
            refused.note_refusal()
            refused.release()
        lost = await places.acquire(PATH)
        lost.note_request()
        lost.release()
        assert http.paths == []
        for number in range(3):
            (await made(places, f"I{number}")).release()
        assert http.paths == ["slow"]
        slow.release()

    run(http, 4, story)


def test_who_waits_in_vain_is_told(http):
    async def story(places):
        held = await made(places, "I")
        with pytest.raises(UsageError, match="1 reads of this session are open, and none of them goes on"):
            await places.acquire(PATH)
        held.release()
        (await places.acquire(PATH)).release()

    run(http, 3, story, patience=0.05)


def test_a_long_wait_is_said_once_with_what_for_and_what_helps(http, caplog, monkeypatch):
    monkeypatch.setattr("mstr_arrow.session.working_set.NOTICE_SECONDS", 0.01)
    heard, told = [], []

    async def story(places):
        held = await made(places, "I")
        waiting = asyncio.ensure_future(places.acquire(PATH, on_wait=heard.append))
        await asyncio.sleep(0.2)
        held.release()
        (await waiting).release()

    run(http, 3, story, tell=lambda make: told.append(make()))
    assert heard == [
        "waiting for other reads of this session",
        "waiting for other reads of this session: 1 are open, and the server keeps 3 results for a session",
    ]
    assert told == [ReadWaits(open_reads=1, working_set=3)]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mstr_arrow", "WARNING")
    assert "would push one of them out. Read them to their end, or close them" in record.getMessage()


def test_a_short_wait_is_not_said(http, caplog):
    async def story(places):
        held = await made(places, "I")
        waiting = asyncio.ensure_future(places.acquire(PATH))
        await asyncio.sleep(0.01)
        held.release()
        (await waiting).release()

    run(http, 3, story)
    assert caplog.records == []


def test_who_waits_while_others_go_on_waits(http):
    async def story(places):
        held = await made(places, "I")
        waiting = asyncio.ensure_future(places.acquire(PATH))
        for _ in range(8):
            await asyncio.sleep(0.05)
            held.note_request()
            held.note_made("I")
        assert not waiting.done()
        held.release()
        (await waiting).release()

    run(http, 3, story, patience=0.2)


def test_a_place_that_comes_just_when_one_gives_up_goes_to_the_next(http):
    async def story(places):
        held = await made(places, "I")
        impatient = asyncio.ensure_future(places.acquire(PATH))
        patient = asyncio.ensure_future(places.acquire(PATH))
        await asyncio.sleep(0.01)
        held.release()
        impatient.cancel()
        place = await patient
        assert impatient.cancelled()
        place.release()
        assert places.in_use == 0

    run(http, 3, story)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_smallest_working_set_has_one_place(http, size):
    async def story(places):
        for number in range(4):
            (await made(places, f"I{number}")).release()
        assert places.in_use == 0

    run(http, size, story)
