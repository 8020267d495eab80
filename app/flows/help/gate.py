"""The gate before any answer: is there evidence that a question is about this product, and answered by its guide?

What does not pass gets one sentence, free, and no model sees it.
"""

from app.flows.help.index import Evidence
from app.flows.help.meddling import is_meddling

LEAST = 2.2
"""What the evidence must come to. Of questions on other subjects that the index has not seen two in a hundred reach it."""
FIT, FIT_MOST = 0.2, 40.0
"""What it counts that words fit a text, and up to which fit."""
NEAREST = 4.0
"""What it counts, as a square, that somebody asks nearly the same: scattered words of many phrasings are none."""
ORDERING_MOST = 3.3
"""From where on a question is taken for an order."""
SAME = 0.9
"""How near a phrasing must be to say that it is no order by its words."""


def passes(question: str, evidence: Evidence) -> bool:
    """Tells whether a question may be answered, by what was found of it."""
    return bool(evidence.found) and weigh(evidence) >= LEAST and not is_order(question, evidence)


def weigh(evidence: Evidence) -> float:
    """Returns what the evidence comes to that a question is about this product."""
    return evidence.leaning + FIT * min(evidence.fit, FIT_MOST) + NEAREST * evidence.nearest**2


def is_order(question: str, evidence: Evidence) -> bool:
    """Tells whether a question is an order to whoever answers it, by its form or by its words."""
    return is_meddling(question) or (evidence.ordering > ORDERING_MOST and evidence.nearest < SAME)
