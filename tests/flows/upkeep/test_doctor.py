"""One line for each thing that must work, and the fault in it."""

from dataclasses import replace

import pytest

from app import db, settings
from app.domain import clock
from app.domain.leases import job_runs
from app.domain.money import Environment
from app.domain.payouts import desk
from app.domain.reserves import reports
from app.flows.upkeep.audit import run_audit
from app.flows.upkeep.doctor import Check, Chosen, examine
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.signer import ChainKeys
from tests.support.scripted_chain import KEYS, ToyChain

CHOSEN = Chosen("sqlite", "https://coinslot.example", has_mail=True, operators=2, has_provider_key=False)


async def checks(chosen: Chosen = CHOSEN, chains: Chains | None = None) -> dict[str, Check]:
    return {check.name: check async for check in examine(chosen, chains)}


async def test_a_sound_instance_has_nothing_to_mend(migrated_sqlite_url: str) -> None:
    await run_audit()
    with db.transaction() as session:
        job_runs.note(session, "audit", 900, clock.now(), None)
    found = await checks()
    assert [name for name, check in found.items() if not check.is_fine] == []
    assert list(found) == ["database", "migrations", "help", "public URL", "mail", "operators", "provider key", "books",
                           "job audit", "payment events", "refunds"]  # fmt: skip
    assert found["job audit"].says.startswith("It succeeded ")


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        (replace(CHOSEN, public_url=""), "public URL"),
        (replace(CHOSEN, has_mail=False), "mail"),
        (replace(CHOSEN, operators=0), "operators"),
    ],
)
async def test_what_was_not_chosen_is_said(migrated_sqlite_url: str, chosen: Chosen, name: str) -> None:
    await run_audit()
    assert [one for one, check in (await checks(chosen)).items() if not check.is_fine] == [name]


async def test_jobs_that_fail_and_books_that_nobody_audited_are_said(migrated_sqlite_url: str) -> None:
    with db.transaction() as session:
        job_runs.note(session, "audit", 900, clock.now(), "The disk is full.")
    found = await checks()
    assert [name for name, check in found.items() if not check.is_fine] == ["books", "job audit"]
    assert "never succeeded" in found["job audit"].says and "The disk is full." in found["job audit"].says


async def test_missing_migrations_end_the_examination(sqlite_url: str) -> None:
    settings.configure(database_url=sqlite_url)
    found = await checks()
    assert not found["migrations"].is_fine and "books" not in found
    db.dispose()
    settings.configure()


@pytest.mark.unhurried
async def test_payouts_that_are_kept_are_said_with_their_reason(migrated_sqlite_url: str) -> None:
    name = "payouts on chain 31337"

    async def said(**more: object) -> Check:
        with db.transaction() as session:
            found = desk.open_desk(session, 31_337, 10, "0xa")
            found.head_at = clock.now() // clock.SECOND
            for field, value in more.items():
                setattr(found, field, value)
        return (await checks())[name]

    assert (await said()).is_fine
    lacking = await said(lacking_units=2_000_000)
    assert not lacking.is_fine and "lacks 2.000000 USDC" in lacking.says
    old = await said(head_at=clock.now() // clock.SECOND - 600)
    assert not old.is_fine and "10 min old" in old.says
    halted = await said(halted_because="The issuer of USDC has paused all transfers.")
    assert not halted.is_fine and halted.says.startswith("The issuer of USDC has paused all transfers. They go on by")
    paused = await said(paused_because="Somebody did.", paused_at=1)
    assert not paused.is_fine and paused.says == "They are paused: Somebody did."


async def test_reserves_say_what_chains_lack(migrated_sqlite_url: str) -> None:
    async def said(lacking_nanos: int, age_seconds: int = 0) -> Check:
        with db.transaction() as session:
            reports.keep(session, Environment.SANDBOX, {}, lacking_nanos)
            for one in reports.read_all(session):
                one.made_at -= age_seconds * clock.SECOND
        return (await checks())["reserves sandbox"]

    assert (await said(0)) == Check("reserves sandbox", True, "Chains hold what the books say; compared 0 s ago.")
    assert not (await said(0, 600)).is_fine
    lacking = await said(1_500_000_000)
    assert not lacking.is_fine and "Chains hold 1.50 USDC less than the books say" in lacking.says


class OneChain:
    """A process with one chain."""

    def __init__(self) -> None:
        self._chain = ToyChain(coins_wei=10**18)

    def all(self) -> list[Chain]:
        return [self._chain]

    def of(self, environment: Environment) -> list[Chain]:
        return self.all()

    def reach(self, chain_id: int) -> Chain:
        return self._chain

    def keys(self, chain_id: int) -> ChainKeys:
        return KEYS


async def test_chains_are_asked_how_they_are(migrated_sqlite_url: str) -> None:
    found = (await checks(CHOSEN, OneChain()))["chain Toy"]
    assert not found.is_fine
    assert found.says.startswith("The gas account 0xGas has 1.000 coins, and a full batch")
