"""Sessions of the simulated server: who is logged in, for how long, with which instances.

Pure apart from the clock that is passed in. One thread at a time.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.simulator.responses import INSTANCE_NOT_FOUND, TOO_MANY_SESSIONS, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.simulator.push.uploads import Upload

    from .instances import Instance

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(slots=True, kw_only=True)
class InstanceCounts:
    """The counts of a session's instances.

    ``most`` were alive at once; ``missed`` is how many of those ``evicted``, to make room for others, were asked
    for again.
    """

    created: int = 0
    alive: int = 0
    most: int = 0
    evicted: int = 0
    missed: int = 0


@dataclass(slots=True, kw_only=True)
class Session:
    """One log-in. ``balancer`` is the value of the load balancer's cookie, None where there is none.

    ``wishes`` are the settings that the log-in asked for, by their names in the REST API; ``shares`` is the session
    that a delegated one was made from, and ends with.
    """

    user: str
    token: str = field(repr=False)
    servlet: str = field(repr=False)
    balancer: str | None = field(repr=False)
    working_set: int
    last_used: float
    wishes: Mapping[str, object] = field(default_factory=dict)
    shares: Session | None = None
    projects: set[str] = field(default_factory=set)
    instances: OrderedDict[str, Instance] = field(default_factory=OrderedDict)
    searches: OrderedDict[str, list[str]] = field(default_factory=OrderedDict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    counts: InstanceCounts = field(default_factory=InstanceCounts)
    _evicted: set[str] = field(default_factory=set)

    def add(self, instance: Instance) -> None:
        """Keep a new instance; the one that was used longest ago makes room for it."""
        self.counts.created += 1
        self.instances[instance.id] = instance
        self.instances.move_to_end(instance.id)
        while len(self.instances) > self.working_set:
            oldest, _ = self.instances.popitem(last=False)
            self._evicted.add(oldest)
            self.counts.evicted += 1
        self._count()

    def drop_instances(self) -> None:
        """Drop all instances."""
        self.instances.clear()
        self._count()

    def instance(self, instance_id: str) -> Instance:
        """Find an instance and mark it as used; raise the server's 404 where it is gone."""
        if instance_id not in self.instances:
            if instance_id in self._evicted:
                self._evicted.discard(instance_id)
                self.counts.missed += 1
            raise Refusal(404, "ERR004", "(Message not found in the inbox.)", iserver_code=INSTANCE_NOT_FOUND)
        self.instances.move_to_end(instance_id)
        return self.instances[instance_id]

    def _count(self) -> None:
        self.counts.alive = len(self.instances)
        self.counts.most = max(self.counts.most, self.counts.alive)


class Sessions:
    """All sessions of the server.

    ``timeout`` seconds without a request end a session. After ``servlet_timeout`` the REST server has forgotten it
    already, while the Intelligence Server keeps it: None where that takes longer. A user may have ``max_per_user``
    sessions in one project: one more logs in, and is refused when it first uses the project, as on a real server.
    """

    def __init__(
        self,
        *,
        timeout: float,
        max_per_user: int,
        balancer: bool,
        clock: Callable[[], float],
        seed: int,
        servlet_timeout: float | None = None,
    ) -> None:
        self.timeout = timeout
        self._servlet_timeout = servlet_timeout
        self._max_per_user = max_per_user
        self._balancer = balancer
        self._clock = clock
        self._random = random.Random(seed)
        self._by_token: dict[str, Session] = {}
        self.counts: list[InstanceCounts] = []

    def login(
        self,
        user: str,
        *,
        working_set: int,
        wishes: Mapping[str, object] | None = None,
        shares: Session | None = None,
    ) -> Session:
        """Open a session."""
        session = Session(
            user=user,
            token=self.word(26),
            servlet=self.word(32).upper(),
            balancer=f"{self.word(20)}+/{self.word(30)}/+{self.word(12)}==" if self._balancer else None,
            working_set=max(1, working_set),
            last_used=self._clock(),
            wishes=wishes or {},
            shares=shares,
        )
        self._by_token[session.token] = session
        self.counts.append(session.counts)
        return session

    def authenticate(self, token: str | None, cookies: Mapping[str, str]) -> Session:
        """Find the session of a request and renew it.

        Raises ERR009 unless the token is known and the session's own cookies came back byte for byte. The answer
        begins another servlet session then, as servers do: a client that took its cookie for a session that lives
        would lose that one.
        """
        self._drop_expired()
        session = self._by_token.get(token or "")
        if (
            session is None
            or cookies.get("JSESSIONID") != session.servlet
            or (session.balancer is not None and cookies.get("AWSALB") != session.balancer)
            or self._forgotten(session)
        ):
            raise expiry_error(f"JSESSIONID={self.word(32).upper()}; Path=/MicroStrategyLibrary; HttpOnly")
        session.last_used = self._clock()
        return session

    def enter(self, session: Session, project: str) -> None:
        """Count the session in a project; raise the governor's 500 where the user has too many there."""
        if project in session.projects:
            return
        others = sum(s.user == session.user and project in s.projects for s in self._by_token.values())
        if others >= self._max_per_user:
            message = "(The maximum number of interactive sessions per user for this project was reached.)"
            raise Refusal(500, "ERR001", message, iserver_code=TOO_MANY_SESSIONS)
        session.projects.add(project)

    def logout(self, session: Session) -> None:
        """End a session with all its instances."""
        session.drop_instances()
        self._by_token.pop(session.token, None)

    def delegation_group(self, session: Session) -> list[Session]:
        """List a session, those that were delegated from it, and the one that it was delegated from."""
        root = session.shares or session
        return [each for each in self.live() if each is root or each.shares is root]

    def of_user(self, user: str) -> list[Session]:
        """List the sessions of a user."""
        return [session for session in self.live() if session.user == user]

    def is_live(self, session: Session) -> bool:
        """Tell whether a session is logged in and has not expired."""
        return any(each is session for each in self.live())

    def forget_servlets(self) -> None:
        """Have the REST server forget every session, while the Intelligence Server keeps them."""
        for session in self._by_token.values():
            session.servlet = self.word(32).upper()

    def uploads(self) -> list[Upload]:
        """List the upload sessions of all sessions that are logged in; may be called from any thread."""
        return [upload for session in self.live() for upload in list(session.uploads.values())]

    def live(self) -> list[Session]:
        """List the sessions that are logged in and have not expired; may be called from any thread."""
        now = self._clock()
        return [s for s in list(self._by_token.values()) if now - s.last_used <= self.timeout]

    def clear(self) -> None:
        """End every session, as a restart of the server does."""
        self._by_token.clear()

    def drop_instances(self) -> None:
        """Drop the instances of every session."""
        for session in self._by_token.values():
            session.drop_instances()

    def word(self, length: int) -> str:
        """Draw letters and digits, as tokens and cookies are made of."""
        return "".join(self._random.choices(_ALPHABET, k=length))

    def _forgotten(self, session: Session) -> bool:
        return self._servlet_timeout is not None and self._clock() - session.last_used > self._servlet_timeout

    def _drop_expired(self) -> None:
        self._by_token = {session.token: session for session in self.live()}


def expiry_error(*cookies: str) -> Refusal:
    """Give the error of a session that is missing, expired or not sent with its cookies."""
    return Refusal(401, "ERR009", "The user's session has expired, please reauthenticate", cookies=cookies)


def parse_cookies(headers: list[str]) -> dict[str, str]:
    """Split ``Cookie`` headers without undoing quotes, so that a value changed on the way is seen."""
    pairs = (pair.strip().partition("=") for header in headers for pair in header.split(";"))
    return {name: value for name, _, value in pairs if name}
