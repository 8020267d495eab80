"""What is said in our own name in an answer: what it cost, and how to go on when the money ran out.

Nothing of it may stand between an answer and its settlement: what cannot be said is left out, and the money moves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from app.domain.ledger.operations import Applied
from app.flows.callers.asked import Stopped
from app.flows.chat.end import Stop

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wording:
    """What is added to an answer in our own name: what a settlement did, and how to go on when money ran out."""

    settled: Callable[[Applied], dict[str, Any]]
    stopped: Callable[[Stopped], Stop]


def worded(say: Callable[[], T], otherwise: T, request_id: str) -> T:
    """Returns what `say` says, `otherwise` where that fails for whatever reason. Never raises."""
    try:
        return say()
    except Exception as error:
        log.error("chat_wording", request=request_id, step="unsaid", exc_info=error)
        return otherwise
