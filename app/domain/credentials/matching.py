"""Which own key serves which model. Pure.

A key serves what its host listed: a model as it is written, and `vendor/model` where the host is that vendor's.
"""

from collections.abc import Sequence

from app.domain.credentials.hosts import preset_at
from app.domain.paywalls.provider import AuthStyle
from app.domain.record import record

OWN = "own"
"""What a host is recorded as of which nothing is known: the name that its owner gave it is theirs."""


@record(frozen=True, slots=True)
class OwnKey:
    """An own key as a decision sees it: whose host it goes to and what is served there, never the key itself."""

    id: str
    account_id: str
    provider: str
    base_url: str
    auth: AuthStyle
    vendor: str
    models: frozenset[str]

    @property
    def recorded_as(self) -> str:
        """What receipts and sums call its host: a well-known one by its name, any other one only `own`."""
        known = preset_at(self.base_url)
        return OWN if known is None else known.name


@record(frozen=True, slots=True)
class Match:
    """An own key that serves a model, and what the model is called at its host."""

    key: OwnKey
    model: str


def find_match(keys: Sequence[OwnKey], model: str, sent_as: str | None = None) -> Match | None:
    """Returns who serves a model: its vendor's own host before others, of two the one that was saved first.

    `sent_as` is what the paywall's own provider calls the model, where that is another name.
    """
    names = (model,) if sent_as is None or sent_as == model else (model, sent_as)
    for name in names:
        vendor, _, inner = name.partition("/")
        if inner:
            for key in keys:
                if key.vendor == vendor and inner in key.models:
                    return Match(key, inner)
        for key in keys:
            if name in key.models:
                return Match(key, name)
    return None
