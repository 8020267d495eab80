"""What the page of usage shows of the safety log, ready to be read: what stopped a person's requests, never a text."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import Session
from app.domain import clock
from app.domain.paywalls.names import read_names
from app.domain.safety.log import SafetyView, read_newest
from app.web.end_user.usage.stopped_words import words_of
from app.web.frame.format import ago, model_name

NEWEST = 25


@dataclass(frozen=True)
class StoppedRow:
    """A line of the safety log: `title` says it in a sentence, `code` is the same for programs."""

    id: str = ""
    title: str = ""
    detail: str = ""
    code: str = ""
    when: str = ""
    at: str = ""


def read_stopped(session: Session, wallets: Sequence[str]) -> list[StoppedRow]:
    """Reads what stopped requests of wallets, the newest first."""
    found = read_newest(session, wallets, NEWEST)
    names = read_names(session, {one.paywall_id for one in found})
    return [_row(one, names.get(one.paywall_id, "")) for one in found]


def _row(one: SafetyView, app_name: str) -> StoppedRow:
    return StoppedRow(
        id=one.id,
        title=words_of(one.kind, one.code),
        detail=" · ".join(part for part in (model_name(one.model), app_name) if part),
        code=one.code,
        when=ago(one.at),
        at=clock.to_iso(one.at),
    )
