"""What is asked more than once of one snapshot is asked of the database once."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")

_ANSWERS = "coinslot_answers"


def snapshot_info() -> dict[Any, Any]:
    """Returns what a session is made with that sees one snapshot throughout, and can write nothing."""
    return {_ANSWERS: {}}


def once(session: Session, question: Hashable, ask: Callable[[], T]) -> T:
    """Returns what `ask` returns, the same for the same question in one snapshot; it is to be left as it is.

    Where a transaction may write, what it asks is asked anew each time.
    """
    answers = session.info.get(_ANSWERS)
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    found: T = answers[question]
    return found
