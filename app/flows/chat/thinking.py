"""Which models were seen to think in tokens that cannot be metered as they come: they hold their whole bound.

Names tell of many (`domain/catalogue/models.py`), the usage of an answer of the rest. What is seen is remembered by
each process, and only makes a later hold larger.
"""

from collections import OrderedDict

from app.domain.pricing.quote import TokenKind, Tokens

MODELS_MAX = 10_000


class ThinkingModels:
    """The models of each paywall that this process has seen think, the latest ones."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def note(self, paywall_id: str, model: str, tokens: Tokens) -> None:
        """Remembers a model whose usage has tokens of reasoning."""
        if any(kind is TokenKind.REASONING and count for kind, count in tokens.other):
            self._seen[paywall_id, model] = None
            self._seen.move_to_end((paywall_id, model))
            if len(self._seen) > MODELS_MAX:
                self._seen.popitem(last=False)

    def has_thought(self, paywall_id: str, model: str) -> bool:
        """Tells whether the model was seen to think."""
        return (paywall_id, model) in self._seen
