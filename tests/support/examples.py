"""Examples of the documentation, run against a simulator in place of the server that they name."""

import re

import mstr_arrow as ma
from mstr_arrow.config import Retry, Settings, Timeouts

URL = "https://bi.example.com/MicroStrategyLibrary"
QUICK = Settings(
    timeouts=Timeouts(connect=2, read=2, execute=5, logout=1),
    retry=Retry(attempts=2, seconds=5, wait_initial=0.001, wait_max=0.002),
)


class Example:
    """Code of a page, and the simulator it runs against; what it printed last is ``said``.

    Paths that ``unseen`` finds are left out of the requests that it made.
    """

    def __init__(self, code, page, unseen, server, monkeypatch, capsys):
        self._code = compile(code, str(page), "exec")
        self._unseen, self._server, self._capsys = re.compile(unseen), server, capsys
        self._connect = ma.connect
        self.said = ""
        monkeypatch.setattr(ma, "connect", self._to_simulator)

    def __call__(self):
        """Run it; give the requests it made, each as its method and its path with {id} for ids."""
        before = len(self._server.requests)
        try:
            exec(self._code, {"__name__": "example"})  # noqa: S102  ours
        finally:
            self.said = self._capsys.readouterr().out
            self._server.heal()
        made = [each for each in self._server.requests[before:] if not self._unseen.search(each.path)]
        return [(each.method, re.sub("[0-9A-F]{32}", "{id}", each.path)) for each in made]

    def _to_simulator(self, url, **_):
        assert url == URL
        login = {"username": self._server.username, "password": self._server.password}
        return self._connect(self._server.url, **login, project=self._server.project, settings=QUICK)
