"""The gate before any answer: is there evidence that a question is about this product, and answered by its guide?

What does not pass gets one sentence, free, and no model sees it.
"""

from app.flows.help.index import SAME, Evidence
from app.flows.help.meddling import is_meddling

LEAST = 2.5
"""What the evidence must come to. Of the tests' 333 questions on other subjects two reach it."""
FIT, FIT_MOST = 0.4, 40.0
"""What it counts that words fit a text, and up to which fit."""
NEAREST, ELSEWHERE = 20.0, 16.0
"""What it counts, as a square, that somebody asks nearly the same, here or elsewhere: scattered words are none."""
ORDERING_MOST = 2.0
"""From where on a question is taken for an order."""


def passes(question: str, evidence: Evidence) -> bool:
    """Tells whether a question may be answered, by what was found of it."""
    return bool(evidence.found) and is_about_us(evidence) and not is_order(question, evidence)


def is_about_us(evidence: Evidence) -> bool:
    """Tells whether a question is about this product, and answered by its guide."""
    return _is_known(evidence) or weigh(evidence) >= LEAST


def weigh(evidence: Evidence) -> float:
    """Returns what the evidence comes to that a question is about this product."""
    near = NEAREST * evidence.nearest**2 - ELSEWHERE * evidence.elsewhere**2
    return evidence.leaning + FIT * min(evidence.fit, FIT_MOST) + near


def is_order(question: str, evidence: Evidence) -> bool:
    """Tells whether a question is an order to whoever answers it, by its form or by its words."""
    return is_meddling(question) or (evidence.ordering > ORDERING_MOST and not _is_known(evidence))


def _is_known(evidence: Evidence) -> bool:
    return evidence.nearest >= SAME and evidence.nearest > evidence.elsewhere
