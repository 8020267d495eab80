"""The gate before any answer: is there evidence that a question is about this product, and answered by its guide?

What does not pass gets one sentence, free, and no model sees it.
"""

from app.flows.help.index import Evidence, Found
from app.flows.help.meddling import is_meddling

SHARE_LEAST = 0.4
"""What share of a question, by weight, one passage must have."""
SHARE_LEAST_OF_UNKNOWN = 0.6
"""The same of a question with words that stand nowhere in what the help knows."""
SHARE_LEAST_OF_TWO = 0.5
"""The same where two of its words in that passage name what this product is about."""
SUBJECTS_MANY = 3
"""So many words of our subject in one passage pass whatever is said around them: long questions tell a story."""


def passes(question: str, evidence: Evidence) -> bool:
    """Tells whether a question may be answered, by what was found of it."""
    return bool(evidence.found) and _is_about_us(evidence) and not is_meddling(question)


def _is_about_us(evidence: Evidence) -> bool:
    return any(_is_enough(one, evidence) for one in evidence.found)


def _is_enough(one: Found, evidence: Evidence) -> bool:
    """Where a heading asks it in the same words, whatever is said around them counts for nothing."""
    subjects = len(one.having & evidence.subjects)
    if subjects >= SUBJECTS_MANY:
        return True
    of_unknown = SHARE_LEAST_OF_TWO if subjects > 1 else SHARE_LEAST_OF_UNKNOWN
    return one.is_asked or (subjects > 0 and one.share >= (of_unknown if evidence.unknown else SHARE_LEAST))
