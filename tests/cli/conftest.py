import os
from functools import cache
from types import SimpleNamespace

import pytest

typer = pytest.importorskip("typer", reason="the extra cli is not installed")


@pytest.fixture(autouse=True, scope="session")
def commands_made_once():
    """Have typer make the commands once for all calls: to make them takes longer than most of them run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.main.get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """No settings but the test's own, and no terminal."""
    for name in [name for name in os.environ if name.startswith("MSTR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MSTR_ARROW_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def run(capfdbinary):
    """Run the command line in this process; give exit code, standard output (bytes) and standard error."""
    from mstr_arrow.cli.app import app

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            app([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=out, err=err.decode())

    return run


@pytest.fixture
def server(simulator, monkeypatch):
    """The simulator, with its URL, user and password in the environment."""
    monkeypatch.setenv("MSTR_URL", simulator.url)
    monkeypatch.setenv("MSTR_USERNAME", simulator.username)
    monkeypatch.setenv("MSTR_PASSWORD", simulator.password)
    return simulator


@pytest.fixture
def profile(tmp_path):
    """Write the profile file."""

    def write(text, mode=0o600):
        path = tmp_path / "config.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write
