"""The allocator of Arrow arrays: chosen once, unless somebody has chosen."""

import os
import subprocess
import sys

import pyarrow as pa
import pytest

from mstr_arrow.allocation import CHOSEN_BY, prefer_jemalloc, set_jemalloc_for_arrow


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


def allocator_of_a_program(**environment):
    """Return the allocator of a program that chooses first, and what is said on standard error."""
    code = (
        "from mstr_arrow.allocation import set_jemalloc_for_arrow; set_jemalloc_for_arrow(); "
        "import pyarrow as pa; print(pa.default_memory_pool().backend_name)"
    )
    inherited = {name: value for name, value in os.environ.items() if name != CHOSEN_BY}
    done = subprocess.run(
        [sys.executable, "-c", code], env=inherited | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr


def test_a_program_begins_with_jemalloc_where_arrow_has_it():
    usual = "jemalloc" if "jemalloc" in pa.supported_memory_backends() else pa.default_memory_pool().backend_name
    assert allocator_of_a_program() == (usual, "")
    assert allocator_of_a_program(**{CHOSEN_BY: "system"}) == ("system", "")


def test_a_program_that_has_imported_arrow_is_left_alone(monkeypatch):
    monkeypatch.delenv(CHOSEN_BY, raising=False)
    set_jemalloc_for_arrow()
    assert CHOSEN_BY not in os.environ
