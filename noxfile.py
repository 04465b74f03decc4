"""Everything there is to run, each in an environment of its own: ``nox --list``."""

from __future__ import annotations

import shutil
from itertools import chain
from urllib.request import urlopen

import nox

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
TEST = nox.project.dependency_groups(PROJECT, "test")
LINT = nox.project.dependency_groups(PROJECT, "lint")
CORE_TEST = [requirement for requirement in TEST if requirement.startswith(("hypothesis", "pytest"))]
FOUR_PROCESSES = ("-n", "4", "--dist", "worksteal")  # more than cores: much of the time of tests is waiting
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # or each process that tests start compiles all modules anew
ONE_THREAD = {"POLARS_MAX_THREADS": "1"}  # for each process: threads that have nothing to do look for work actively
CORE = ("tests/test_imports.py", "tests/test_whole_way.py", "tests/scan/test_ways_out.py", "tests/test_docs.py")
CHECKED = ("mstr_arrow", "benchmarks", "tests", "noxfile.py", "conftest.py")
VULNERABILITIES = "https://pypi.org/pypi"
LOCKED = "requirements/development.txt"
BENCHMARKS = (
    "decode",
    "unpack",
    "layouts",
    "extract",
    "memory",
    "encode",
    "upload",
    "pushdown",
    "bench_overhead",
    "bench_truth",
    "consistency",
    "catalog",
    "reports",
    "limiter",
    "kills",
    "nights",
    "damage",
    "overnight",
    "storms",
    "sinks",
    "start_up",
)


def install(session: nox.Session, *what: str) -> None:
    """Install, and compile with all processors what pip compiles with one; not the tests of others."""
    session.install("--no-compile", *what)
    folders = (session.virtualenv.location, "mstr_arrow")
    # 1: there is something that does not compile, such as a template.
    session.run("python", "-m", "compileall", "-qq", "-j", "0", "-x", "/tests?/", *folders, success_codes=[0, 1])


nox.options.sessions = ["lint", "types", "tests_core", "tests"]
nox.options.error_on_missing_interpreters = False


@nox.session
def demo(session: nox.Session) -> None:
    """Read a million rows from a simulated server, and show them."""
    session.log("installing pyarrow and polars: about 100 MB to download, if pip has not got them yet")
    session.install(".[cli]")
    session.run("mstr-arrow", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests with all extras, in four processes; ``nox -s tests -- -n 0`` runs them in one."""
    install(session, "-e", ".[all]", *TEST)
    session.run("pytest", *FOUR_PROCESSES, *session.posargs, env=COMPILED | ONE_THREAD)


@nox.session
def tests_core(session: nox.Session) -> None:
    """Import everything and go each way out with nothing but the core dependencies."""
    install(session, "-e", ".", *CORE_TEST)
    session.run("pytest", *FOUR_PROCESSES, *CORE, *session.posargs, env=COMPILED)


@nox.session
def slow(session: nox.Session) -> None:
    """Run what ``tests`` leaves out: every fault at every step, kills, many pages, many examples of properties."""
    install(session, "-e", ".[all]", *TEST)
    session.run(
        "pytest",
        *FOUR_PROCESSES,
        *("-m", "slow or hypothesis", "--hypothesis-profile=slow"),
        *session.posargs,
        env=COMPILED,
    )


@nox.session
def stores(session: nox.Session) -> None:
    """Write into S3 (moto), Azure (Azurite, by npm) and what stands in for Google, with all faults and kills."""
    moto = [requirement for requirement in TEST if requirement.startswith("moto")]
    session.install("-e", ".[aws,stores]", *CORE_TEST, *moto)
    azurite: dict[str, str | None] = {}
    if shutil.which("npm"):
        session.run("npm", "install", "--silent", "--prefix", session.create_tmp(), "azurite", external=True)
        azurite = {"AZURITE": f"{session.create_tmp()}/node_modules/.bin/azurite-blob"}
    else:
        session.warn("there is no npm, and so no Azurite: the tests of Azure's store are skipped")
    tests = session.posargs or ["tests/stores", "-m", "slow or not slow"]
    session.run("pytest", *FOUR_PROCESSES, *tests, env=COMPILED | ONE_THREAD | azurite)


@nox.session(python=PYTHONS)
def versions(session: nox.Session) -> None:
    """Run all tests on every supported Python that this machine has."""
    install(session, "-e", ".[all]", *TEST)
    session.run("pytest", *FOUR_PROCESSES, *session.posargs, env=COMPILED)


@nox.session(python=PYTHONS[0])
def minimum(session: nox.Session) -> None:
    """Run all tests with the oldest Python and the oldest dependencies, of all extras, that the project allows."""
    extras = {name: each for name, each in PROJECT["project"]["optional-dependencies"].items() if name != "all"}
    allowed = sorted({*PROJECT["project"]["dependencies"], *chain.from_iterable(extras.values())})
    oldest = [requirement.replace(">=", "==") for requirement in allowed]
    install(session, "-e", ".[all]", *TEST, *oldest)
    session.run("pytest", *FOUR_PROCESSES, *session.posargs, env=COMPILED | ONE_THREAD)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format; ``nox -s lint -- --fix`` repairs what it can."""
    session.install(*LINT)
    session.run("ruff", "check", *session.posargs, *CHECKED)
    session.run("ruff", "format", *([] if "--fix" in session.posargs else ["--check"]), *CHECKED)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-e", ".[bench,cli,truststore]", *LINT, *TEST, "nox")
    session.run("mypy", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Pin what development and CI install, with hashes: requirements/development.txt; says nothing of an index."""
    session.install("uv")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--all-extras", "--group", "test", "--group", "lint"),
        *("--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade", "--quiet"),
        *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "-o", LOCKED),
    )


@nox.session
def audit(session: nox.Session) -> None:
    """Ask PyPI whether vulnerabilities are known of what is pinned; needs the internet."""
    try:
        urlopen(f"{VULNERABILITIES}/pip/json", timeout=20).close()  # noqa: S310 - it is a fixed https URL
    except OSError as error:
        session.error(f"{VULNERABILITIES} cannot be reached, which knows the vulnerabilities: {error}")
    session.install("pip-audit")
    session.run("pip-audit", "--require-hashes", "--disable-pip", "-r", LOCKED)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks; ``nox -s bench -- --quick`` only tries them out."""
    session.install(".[adbc,bench,cli,delta,duckdb,iceberg,pandas,speed,stores]", *TEST)
    for name in BENCHMARKS:
        session.log("benchmarks/%s.py", name)
        session.run("python", "-m", f"benchmarks.{name}", *session.posargs)
    quick = "--quick" in session.posargs
    measured = ("--benchmark-only", "--benchmark-max-time=0.2", "--benchmark-columns=median,ops")
    session.run(
        "pytest",
        "benchmarks/test_pages.py",
        "benchmarks/test_bodies.py",
        *(["--benchmark-disable"] if quick else measured),  # run once each, without figures
    )


@nox.session
def peers(session: nox.Session) -> None:
    """Run other clients against the simulator, beside ours; ``nox -s peers -- --quick`` moves fewer rows."""
    session.install(".[cli]", "mstrio-py", "mstr-rest-requests", "psutil")
    session.run("python", "-m", "benchmarks.peers", *session.posargs)
