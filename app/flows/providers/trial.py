"""A provider is tried as the next request would use it: its saved key, its address, one of its models, a short answer.

Nothing is charged or counted here; the provider itself may charge its few tokens.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import CoinslotError, ProviderFailed
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import read_offers
from app.domain.providers import refusals
from app.domain.providers.refusals import STATUSES, Refusal
from app.flows.providers.proof import ask_shortly, prove_key, words_of
from app.ports.providers import Providers


class Verdict(StrEnum):
    """How a trial went."""

    ANSWERED = "answered"
    """It answered as a request would be answered, which proves its key."""
    LISTED = "listed"
    """It lists models, and none answered: the key is not proved."""
    REFUSED = "refused"
    """It was reached and said no, in its own words."""
    UNREACHABLE = "unreachable"
    """Nobody answered there, or not in time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial: which model, after how long, how many tokens it says it used, or its words."""

    verdict: Verdict
    model: str = ""
    milliseconds: int = 0
    tokens: int | None = None
    words: str = ""


async def try_answer(providers: Providers, manager: Manager, name: str) -> Trial:
    """Asks a paywall's provider for the shortest answer of the first model that it serves, else of one that it lists.

    What it says of its key is kept as if a request had met it. Raises BadField for a provider that the paywall does
    not have, NotAllowed, NotFound.
    """

    def read(session: Session) -> tuple[ProviderSetting, str]:
        check_may(session, manager, Act.SET_UP)
        paywall, current = read_current(session, manager.paywall_id)
        setting, stored = current.provider_of(name), current.as_stored(name)
        offers = read_offers(session, paywall.id, paywall.unit).priced
        served = sorted(offer.upstream_model or model for model, offer in offers.items() if offer.provider == stored)
        return setting, served[0] if served else ""

    setting, model = await db.in_transaction(read)
    begun = clock.monotonic_seconds()
    try:
        trial = await _ask(providers, manager.paywall_id, setting, model, begun)
    except ProviderFailed as failure:
        verdict = Verdict.UNREACHABLE if failure.status is None else Verdict.REFUSED
        if failure.status in STATUSES:
            await _note(manager.paywall_id, name, failure.status, failure)
        return Trial(verdict, model, _since(begun), words=words_of(failure))
    except CoinslotError as error:  # its key cannot be opened any more
        return Trial(Verdict.REFUSED, model, _since(begun), words=error.message)
    if trial.verdict is Verdict.ANSWERED:
        await db.in_transaction(lambda session: refusals.forget(session, manager.paywall_id, name), writes=True)
    return trial


async def _ask(providers: Providers, paywall_id: str, setting: ProviderSetting, model: str, begun: float) -> Trial:
    provider, target = providers.find(paywall_id, setting)
    if model:
        tokens = await ask_shortly(provider, target, setting, model)
        return Trial(Verdict.ANSWERED, model, _since(begun), tokens)
    listed = await provider.list_models(target)
    proof = await prove_key(provider, target, setting, listed)
    if proof.model:
        return Trial(Verdict.ANSWERED, proof.model, _since(begun))
    return Trial(Verdict.LISTED, listed[0] if listed else "", _since(begun), words=proof.doubt)


async def _note(paywall_id: str, name: str, status: int, failure: ProviderFailed) -> None:
    at = clock.now()
    refusal = Refusal(paywall_id, name, status, words_of(failure), at, at)
    await db.in_transaction(lambda session: refusals.note(session, refusal), writes=True)


def _since(begun: float) -> int:
    return round((clock.monotonic_seconds() - begun) * 1_000)
