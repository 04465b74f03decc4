"""The allocator of Arrow arrays: chosen once, unless somebody has chosen."""

import pyarrow as pa
import pytest

from mstr_arrow.allocation import CHOSEN_BY, prefer_jemalloc


@pytest.fixture
def choose(monkeypatch):
    """Choose with one allocator as the default before; return the one after."""
    before = pa.default_memory_pool()
    monkeypatch.delenv(CHOSEN_BY, raising=False)

    def chosen(default):
        pa.set_memory_pool(default)
        prefer_jemalloc.cache_clear()
        prefer_jemalloc()
        return pa.default_memory_pool().backend_name

    yield chosen
    pa.set_memory_pool(before)
    prefer_jemalloc.cache_clear()


@pytest.mark.skipif(
    not {"jemalloc", "mimalloc"} <= set(pa.supported_memory_backends()), reason="this Arrow has not got both"
)
def test_jemalloc_takes_the_place_of_mimalloc_unless_it_was_chosen(choose, monkeypatch):
    array = pa.nulls(10, pa.int64())
    assert choose(pa.mimalloc_memory_pool()) == "jemalloc"
    assert array.null_count == 10
    monkeypatch.setenv(CHOSEN_BY, "mimalloc")
    assert choose(pa.mimalloc_memory_pool()) == "mimalloc"


@pytest.mark.skipif("mimalloc" not in pa.supported_memory_backends(), reason="this Arrow has no mimalloc")
def test_mimalloc_set_after_the_first_read_stays(choose):
    choose(pa.system_memory_pool())
    pa.set_memory_pool(pa.mimalloc_memory_pool())
    prefer_jemalloc()
    assert pa.default_memory_pool().backend_name == "mimalloc"


def test_another_allocator_stays(choose):
    assert choose(pa.system_memory_pool()) == "system"
