"""The state of a subscription's last run. Pure; wire reference, section 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mstr_arrow.responses import fields, items, moment, optional_text, reading, whole_number

if TYPE_CHECKING:
    from datetime import datetime

    from mstr_arrow.errors import MstrError

Stage = Literal["never ran", "executing", "finished", "unknown"]
Outcome = Literal["success", "failed", "cancelled", "timed out", "skipped"]

_STAGES: tuple[Stage, ...] = ("unknown", "executing", "finished")
_OUTCOMES: tuple[Outcome | None, ...] = (None, "success", "failed", "cancelled", "timed out", "skipped")
_STAGE_WORDS: dict[str, Stage] = {"executing": "executing", "running": "executing", "finished": "finished"}
_OUTCOME_WORDS: dict[str, Outcome] = {
    "success": "success",
    **dict.fromkeys(("fail", "failed", "failure"), "failed"),
    **dict.fromkeys(("canceled", "cancelled"), "cancelled"),
    **dict.fromkeys(("timeout", "timed out"), "timed out"),
    **dict.fromkeys(("skip", "skipped"), "skipped"),
}
_NEVER = "no status for the subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """The state of a subscription's last run.

    ``stage`` is ``"never ran"``, ``"executing"``, ``"finished"``, or ``"unknown"`` for any other word of the
    server. ``outcome`` is None until the run is finished, then ``"success"``, ``"failed"``, ``"cancelled"``,
    ``"timed out"`` or ``"skipped"``. ``messages`` are the server's reasons, ``total`` the contents.
    """

    stage: Stage
    outcome: Outcome | None = None
    began: datetime | None = None
    ended: datetime | None = None
    total: int | None = None
    messages: tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended, successfully or not."""
        return self.stage == "finished"

    def is_same_run(self, other: DeliveryStatus) -> bool:
        """Say whether two states are of one run: begun at the same time, or not begun."""
        never = "never ran"
        return (self.stage == never) == (other.stage == never) and self.began == other.began


NEVER_RAN = DeliveryStatus(stage="never ran")


def read_status(body: Any) -> DeliveryStatus:
    """Read the status of a subscription, of numbers or words. Errors: ProtocolError.

    >>> status = read_status({"stage": 2, "state": "2", "statuses": [{"message": "no disk"}]})
    >>> status.stage, status.outcome, status.messages
    ('finished', 'failed', ('no disk',))
    """
    with reading(body, "a status of a subscription"):
        told = fields(body)
        outcome = _outcome(told.get("state"))
        stage = _stage(told.get("stage"))
        if stage == "unknown" and outcome is not None:
            stage = "finished"
        texts = [
            optional_text(each, "message", "detail") for each in items(told.get("statuses")) if _is_object(each)
        ]
        return DeliveryStatus(
            stage=stage,
            outcome=outcome if stage == "finished" else None,
            began=moment(told, "start"),
            ended=moment(told, "end"),
            total=whole_number(told.get("total")),
            messages=tuple(dict.fromkeys(each for each in texts if each)),
        )


def never_ran(error: MstrError) -> bool:
    """Say whether an error tells that a subscription has never run, which comes as one (HTTP 500, ERR002)."""
    return error.message.casefold().startswith(_NEVER)


def _stage(value: Any) -> Stage:
    number = whole_number(value)
    if number is not None:
        return _STAGES[number] if 0 <= number < len(_STAGES) else "unknown"
    return _STAGE_WORDS.get(str(value).casefold(), "unknown")


def _outcome(value: Any) -> Outcome | None:
    number = whole_number(value)
    if number is not None:
        return _OUTCOMES[number] if 0 <= number < len(_OUTCOMES) else None
    return _OUTCOME_WORDS.get(str(value).casefold())


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
