"""Pages that are nearly right, of every layout: both decoders say the same, and no error is not ours."""

from random import Random

import pytest

from mstr_arrow.errors import MstrError
from mstr_arrow.grid.decode import decode_page, decode_plainly
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.simulator import Fault
from tests.fuzz.flows import FLOWS, flat
from tests.fuzz.mutations import mutate
from tests.fuzz.trial import run, simulator

OF_RAW = (GridOptions(), GridOptions(layout="grid"), GridOptions(subtotals="keep"))
OPTIONS = (*OF_RAW, GridOptions(values="both"), GridOptions(layout="grid", subtotals="keep", values="both"))
READS = ("awkward values", "report", "cross-tab", "cross-tab as it is", "metrics on rows", "hierarchy", "formatted")


@pytest.fixture(scope="module")
def pages():
    """The first pages that the flows read."""
    seen = []

    def keep(body):
        if b'"headers"' in body and len(body) < 20_000:
            seen.append(body)
        return body

    with simulator() as sim:
        sim.fail(Fault.rewritten(keep).on(None, "/instances/[^/]*$", times=None))
        for name in READS:
            run(sim, FLOWS[name])
    assert len(seen) >= len(READS)
    return seen


def said(decode, text, columns, options):
    try:
        page = decode(text, columns, options=options)
    except MstrError as error:
        return type(error), str(error)
    page.batch.validate(full=True)
    return page.paging, page.columns, flat(page.batch)


@pytest.mark.parametrize("seeds", [range(50), pytest.param(range(50, 20_000), marks=pytest.mark.slow)], ids=str)
def test_both_decoders_say_the_same_of_pages_nearly_right(pages, seeds):
    for seed in seeds:
        draw = Random(seed)
        page = draw.choice(pages)
        options = draw.choice(OPTIONS if b'"formatted":[[' in page else OF_RAW)
        text = mutate(page, draw)
        columns = decode_plainly(page, options=options).columns if draw.randrange(2) else None
        found, expected = (said(decode, text, columns, options) for decode in (decode_page, decode_plainly))
        assert found == expected, f"trial {seed}: {text!r}"
