"""What the page of providers shows: each with its address, its key's last four, what it serves. No secret."""

from collections import Counter
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from app import wiring
from app.db import Session
from app.domain.errors import BadField
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager
from app.domain.paywalls.provider import BUILT_IN, DEMO, PROVIDERS_MAX, AuthStyle, ProviderSetting, check_allowed
from app.domain.pricing.price_book import read_latest
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.flows.paywalls.provider import key_ending
from app.flows.providers.trial import Trial, Verdict
from app.web.frame.format import ago

_WORDS = {
    Verdict.ANSWERED: ("It answers", "ok"),
    Verdict.LISTED: ("The key is not proved", "wait"),
    Verdict.REFUSED: ("It refuses", "bad"),
    Verdict.UNREACHABLE: ("Nobody answers there", "bad"),
}
_ABOUT = {
    BUILT_IN: "The operator's key and address: what it asks is paid out of each charge",
    DEMO: "Believable answers without a provider, for the sandbox",
}


@dataclass(frozen=True)
class ProviderRow:
    """A provider of the paywall's."""

    name: str = ""
    about: str = ""
    key: str = ""
    is_key_lost: bool = False
    served: str = ""
    prices: str = ""
    is_default: bool = False
    is_own: bool = False
    base_url: str = ""
    auth: str = ""
    limit_field: str = ""
    question: str = ""
    refusal: str = ""
    """What it says instead of answering, since when; empty for one that answers."""


@dataclass(frozen=True)
class TrialView:
    """What came of a trial, in words; `tone` is `ok`, `wait` or `bad`."""

    name: str = ""
    title: str = ""
    text: str = ""
    tone: str = ""


@dataclass(frozen=True)
class ProvidersPage:
    """Everything on the page. `ready` are providers without a key that could be added."""

    rows: list[ProviderRow] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)
    may_add: bool = False
    needs_own: str = ""


def read_page(session: Session, manager: Manager) -> ProvidersPage:
    """Reads who answers a paywall's requests."""
    paywall, current = read_current(session, manager.paywall_id)
    served = Counter(row.provider for row in read_latest(session, paywall.id).values() if row.retired_at is None)
    refusing = {found.provider: found for found in refusals.list_of(session, paywall.id)}
    taken = {one.name for one in current.providers}
    ready = []
    for name in (BUILT_IN, DEMO):
        try:
            check_allowed(paywall.mode, paywall.environment, ProviderSetting(name))
        except BadField:
            continue
        if name not in taken and (name != BUILT_IN or wiring.get().settings.openrouter_key.get_secret_value()):
            ready.append(name)
    return ProvidersPage(
        rows=[replace(_row(paywall.id, one, served[current.as_stored(one.name)], one is current.providers[0]),
                      refusal=_refusal(refusing.get(one.name))) for one in current.providers],
        ready=ready,
        may_add=len(current.providers) < PROVIDERS_MAX,
        needs_own="" if paywall.rules.may_use_built_in else
        "In default mode your own key pays the provider, and what users pay is yours.",
    )  # fmt: skip


def _row(paywall_id: str, one: ProviderSetting, count: int, is_default: bool) -> ProviderRow:
    ending = key_ending(wiring.get().box, paywall_id, one)
    key = "no key" if ending is None else "The key cannot be read any more: give it again." if not ending else ""
    models = f"{count:,} model{'' if count == 1 else 's'}"
    gone = f" Its {models} go off with it, until you bring them back." if count else ""
    return ProviderRow(
        name=one.name,
        about=_ABOUT.get(one.name, one.base_url),
        key="" if not one.has_own_key else key or f"key ···{ending}",
        is_key_lost=ending == "",
        served=models,
        prices=f"/paywalls/{paywall_id}/prices/?q={quote(one.name)}",
        is_default=is_default,
        is_own=one.has_own_key,
        base_url=one.base_url,
        auth=one.auth.value,
        limit_field=one.limit_field,
        question=f"Take {one.name} off?{gone}",
    )


def _refusal(found: Refusal | None) -> str:
    if found is None:
        return ""
    said = f" It says: {found.words}" if found.words else ""
    return f"It answers {found.status}, first {ago(found.since)}, last {ago(found.last_at)}.{said}"


def trial_view(name: str, trial: Trial) -> TrialView:
    """Says what came of a trial."""
    title, tone = _WORDS[trial.verdict]
    after = f"after {trial.milliseconds:,} ms"
    if trial.verdict is Verdict.ANSWERED:
        used = "it says no usage, so answers are counted here" if trial.tokens is None else f"{trial.tokens} tokens"
        text = f"{trial.model} answered by this key {after}, {used}. Nothing was charged or counted here."
    elif trial.verdict is Verdict.LISTED:
        text = f"It lists its models ({after}), and none answered: {trial.words}"
    else:
        text = trial.words if trial.verdict is Verdict.UNREACHABLE else f"{trial.words} ({after})"
    return TrialView(name, title, text, tone)


AUTHS = tuple((style.value, words) for style, words in (
    (AuthStyle.BEARER, "Authorization: Bearer …"), (AuthStyle.API_KEY, "api-key: … (Azure)"),
))  # fmt: skip
