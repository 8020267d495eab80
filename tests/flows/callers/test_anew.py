"""What was decided on a paywall that has changed since is decided again, a few times at most."""

from dataclasses import replace

import pytest

from app.domain.errors import StaleDecision, UnknownModel
from app.domain.ledger.operations import Epoch
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.callers.anew import DECISIONS_MAX, decided
from app.flows.callers.snapshot import Snapshot

pytestmark = pytest.mark.plain_sql

FIRST = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, 1,
    Configuration("Lexica", (ProviderSetting("demo"),)),
    {}, frozenset(), (),
)  # fmt: skip


class Changing:
    """A paywall that changes so often before a decision on it holds."""

    def __init__(self, changes: int) -> None:
        self.changes = changes
        self.seen: list[str] = []
        self.renewals = 0

    async def renew(self, snapshot: Snapshot) -> Snapshot:
        self.renewals += 1
        return replace(snapshot, key_id=f"key_{self.renewals + 1}")

    async def decide(self, snapshot: Snapshot) -> str:
        self.seen.append(snapshot.key_id)
        if len(self.seen) <= self.changes:
            raise StaleDecision("old")
        return snapshot.key_id


@pytest.mark.parametrize("changes", range(DECISIONS_MAX))
async def test_it_is_decided_on_what_holds_now(changes: int) -> None:
    paywall = Changing(changes)
    assert await decided(FIRST, paywall.renew, paywall.decide) == f"key_{changes + 1}"
    assert paywall.seen == [f"key_{number + 1}" for number in range(changes + 1)]


async def test_one_that_keeps_changing_is_given_up_and_nothing_was_charged() -> None:
    paywall = Changing(DECISIONS_MAX)
    with pytest.raises(StaleDecision, match="nothing was charged"):
        await decided(FIRST, paywall.renew, paywall.decide)
    assert len(paywall.seen) == DECISIONS_MAX


async def test_what_renewing_refuses_is_refused() -> None:
    async def renew(_snapshot: Snapshot) -> Snapshot:
        raise StaleDecision("somebody else could be meant")

    with pytest.raises(StaleDecision, match="somebody else"):
        await decided(FIRST, renew, Changing(1).decide)


@pytest.mark.parametrize("epoch", [0, 7])
async def test_a_model_is_unknown_only_to_a_paywall_that_has_not_changed(database: str, epoch: int) -> None:
    """Of a paywall that nobody ever changed the epoch is 0."""
    tried: list[Snapshot] = []

    async def renew(snapshot: Snapshot) -> Snapshot:
        return replace(snapshot, epochs=(Epoch("paywall:pw_1", 0),))

    async def decide(snapshot: Snapshot) -> str:
        tried.append(snapshot)
        raise UnknownModel("The model is not offered.")

    with pytest.raises(UnknownModel):
        await decided(replace(FIRST, epochs=(Epoch("paywall:pw_1", epoch),)), renew, decide)
    assert len(tried) == (2 if epoch else 1)
