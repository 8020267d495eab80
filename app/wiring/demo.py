"""What `coinslot demo` begins with: its paywalls, its people, and the links that sign them in."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.paywalls import demo
from app.flows.paywalls.demo import DemoPaywall
from app.flows.people import demo_people
from app.wiring.process import get, replace


@dataclass(frozen=True, slots=True)
class Made:
    """The demo's paywalls by mode, the operator's own where credits are offered, a key of its end user's account."""

    paywalls: Mapping[Mode, DemoPaywall]
    credits_id: str | None
    account_key: str


async def prepare() -> Made:
    """Makes or updates the demo's paywalls, their owner and the other people.

    Raises ProviderFailed, ChainMismatch for a dev chain that is another one than the database knows.
    """
    wired = get()
    await wired.settlement.deposits.check_all()
    chosen = wired.settings
    setting = ProviderSetting("upstream", chosen.upstream_url) if chosen.upstream_url else ProviderSetting("demo")
    provider, target = wired.providers.find(demo.PAYWALL_ID, setting)
    try:
        made = await demo.prepare(provider, target, wired.catalogue, chosen.secrets[0])
        credits_id = await demo.prepare_credits(provider, target, wired.catalogue) if chosen.credits else None
        ids = tuple(paywall.id for paywall in made.values())
        key = await demo_people.make_people(chosen.operators, ids, wired.trial_rules, chosen.secrets[0])
        return Made(made, credits_id, key)
    finally:
        await wired.close()
        replace(None)


def sign_in_links(base_url: str) -> Mapping[str, str]:
    """Returns a link for each of the demo's people that signs them in, once, in this process."""
    wired = get()
    people = demo_people.people(wired.settings.operators)
    return {role: f"{base_url}/auth/demo/{wired.demo_links.mint(email)}" for role, email in people.items()}
