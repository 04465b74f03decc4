"""Measure the throughput of an Intelligence Server, the knee and the limiting part; needs the extra ``bench``."""

from mstr_arrow.errors import UsageError

try:
    from mstr_arrow.throughput.comparison import Comparison, compare
    from mstr_arrow.throughput.planning import Plan, plan, sweep, sweep_async
    from mstr_arrow.throughput.result import Sweep
    from mstr_arrow.throughput.saved_sweep import load, save
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {"hdrh", "numpy", "scipy"}:
        raise
    raise UsageError(
        f"measuring throughput needs the package {error.name}.", hint="Run: pip install 'mstr-arrow[bench]'"
    ) from error

__all__ = ["Comparison", "Plan", "Sweep", "compare", "load", "plan", "save", "sweep", "sweep_async"]
