"""The catalogue is synced from a real server, whatever it does."""

from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.adapters.prices.openrouter import OpenRouterCatalogue
from app.domain import clock
from app.domain.catalogue import catalogue
from app.domain.catalogue.tables import CatalogueModel, CataloguePrice
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS, Unit
from app.domain.paywalls.changes import CATALOGUE, Section, read_changes
from app.domain.paywalls.configuration import epoch_subject, read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.paywalls.versions import Edition, read_version
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import ModelPrice
from app.flows.callers.snapshot import read_epochs
from app.flows.catalogue import follow, sync
from app.flows.catalogue.follow import FollowRules
from app.ports.mail import Mail
from app.ports.prices import ModelCatalogue
from app.sql.columns import table_of
from tests.emulators.openrouter import RunningOpenRouter, model
from tests.support.books import make_paywall
from tests.support.handed import sync_catalogue

pytestmark = pytest.mark.plain_sql

MINE = NewPrice("a/mine", 10 * NANOS, 20 * NANOS)


def source(router: RunningOpenRouter) -> ModelCatalogue:
    return OpenRouterCatalogue(router.base_url, seconds_max=30, bytes_max=1_000_000)


def paywall_of(provider: ProviderSetting, mode: Mode = Mode.SHARED) -> str:
    with db.transaction() as session:
        return make_paywall(session, {"a/mine": MINE}, provider, mode, 1_000)


def state() -> list[object]:
    """Everything that a sync may write."""
    tables = [table_of(model) for model in (CatalogueModel, CataloguePrice, ModelPrice)]
    with db.transaction(writes=False) as session:
        return [sorted(map(repr, session.execute(select(table)))) for table in tables]


@pytest.mark.unhurried
async def test_each_run_brings_every_paywall_up_to_date_once(database: str, router: RunningOpenRouter) -> None:
    mails, paywall_id = KeptMailer(clock.now), paywall_of(ProviderSetting(BUILT_IN))
    router.offer(model("a/mine"), model("a/new"), model("a/free:free", "0", "0"), model("openrouter/auto", "-1", "-1"))
    assert await sync_catalogue(source(router), mails) == 4 + 3
    before = state()
    assert await sync_catalogue(source(router), mails) == 0 and state() == before
    with db.transaction(writes=False) as session:
        offers = price_book.read_offers(session, paywall_id, Unit.USDC)
    assert set(offers.priced) == {"a/mine", "a/new", "a/free:free"} and offers.unpriced == {"openrouter/auto"}
    assert offers.priced["a/free:free"].price.is_free and not offers.priced["a/new"].price.is_free


@pytest.mark.unhurried
async def test_a_run_publishes_one_version_where_something_changed_and_none_elsewhere(
    database: str, router: RunningOpenRouter
) -> None:
    followed, apart = paywall_of(ProviderSetting(BUILT_IN)), paywall_of(ProviderSetting("own", "https://x.example/v1"))
    router.offer(model("a/mine"), model("a/new"), model("a/none", "-1", "-1"), model("a/dear", "0.1"))
    for version in (2, 2):
        await sync_catalogue(source(router), KeptMailer(clock.now))
        with db.transaction(writes=False) as session:
            assert read_current(session, followed)[0].version == version
            assert read_current(session, apart)[0].version == 1 and read_changes(session, apart, 9) == []
            made = read_version(session, followed, 2)
            assert made.made_by == CATALOGUE and made.configuration == read_version(session, followed, 1).configuration
            (change,) = read_changes(session, followed, 9)
            assert (change.made_by, change.section, change.version) == (CATALOGUE, Section.PRICES, 2)
            assert change.what == {"changed": ["prices"], "models": ["a/dear", "a/mine", "a/new", "a/none"]}
            assert read_epochs(session, (epoch_subject(followed), epoch_subject(apart))) == {
                epoch_subject(followed): 2, epoch_subject(apart): 1,
            }  # fmt: skip
    router.offer(model("a/mine"), model("a/new", "0.5"), model("a/none", "-1", "-1"))
    await sync_catalogue(source(router), KeptMailer(clock.now))
    with db.transaction(writes=False) as session:
        then = [set(price_book.prices_at(session, followed, version)) for version in (1, 2, 3)]
        assert then == [{"a/mine"}, {"a/mine", "a/new", "a/dear"}, {"a/mine", "a/new"}]


@pytest.mark.unhurried
@pytest.mark.parametrize("mode", ["error", "cut", "empty"])
async def test_a_list_that_is_none_changes_nothing(database: str, router: RunningOpenRouter, mode: str) -> None:
    paywall_of(ProviderSetting(BUILT_IN))
    router.offer(model("a/mine"), model("a/other"))
    await sync_catalogue(source(router), KeptMailer(clock.now))
    before = state()
    router.offer(model("a/mine", "0.5"))
    router.behave(mode)
    assert await sync_catalogue(source(router), KeptMailer(clock.now)) == 0 and state() == before
    router.behave("fine")
    assert await sync_catalogue(source(router), KeptMailer(clock.now)) > 0


async def test_whoever_looks_after_a_paywall_is_told_once_what_was_switched_off(
    database: str, router: RunningOpenRouter
) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="op@example.org")
    mails, paywall_id = KeptMailer(clock.now), paywall_of(ProviderSetting(BUILT_IN))
    router.offer(model("a/mine", "0.000011"), {"id": "a/bad", "pricing": {}})
    for _ in range(2):
        await sync_catalogue(source(router), mails)
    (kept,) = mails.kept()
    assert kept.mail.to == "op@example.org" and kept.mail.subject == "Lexica: a/mine was switched off"
    assert "the provider asks 11 per million" in kept.mail.text
    with db.transaction(writes=False) as session:
        assert price_book.read_offers(session, paywall_id, Unit.USDC).unpriced == {"a/mine"}


class NoMailer(KeptMailer):
    """A mail server that takes nothing."""

    async def send(self, mail: Mail) -> None:
        raise ProviderFailed("It is on fire.")


@pytest.mark.unhurried
async def test_a_mail_that_cannot_be_sent_keeps_no_paywall_from_its_prices(
    database: str, router: RunningOpenRouter
) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="op@example.org")
    paywalls = [paywall_of(ProviderSetting(BUILT_IN)) for _ in range(2)]
    router.offer(model("a/mine", "0.000011"))
    await sync_catalogue(source(router), NoMailer(clock.now))
    with db.transaction(writes=False) as session:
        for paywall_id in paywalls:
            assert price_book.read_offers(session, paywall_id, Unit.USDC).unpriced == {"a/mine"}


@pytest.mark.unhurried
async def test_a_list_that_lacks_most_models_is_not_believed_and_says_nothing(
    database: str, router: RunningOpenRouter
) -> None:
    paywall_of(ProviderSetting(BUILT_IN))
    router.offer(*(model(f"a/{number}") for number in range(catalogue.KNOWN_MIN)))
    await sync_catalogue(source(router), KeptMailer(clock.now))
    before = state()
    router.offer(model("a/1"))
    assert await sync_catalogue(source(router), KeptMailer(clock.now)) == 0 and state() == before


async def test_a_run_that_was_cut_is_made_up_for_by_the_next(database: str, router: RunningOpenRouter) -> None:
    paywall_id = paywall_of(ProviderSetting(BUILT_IN))
    router.offer(model("a/mine"), model("a/new"))
    listed = await source(router).read()
    with db.transaction() as session:
        catalogue.write_list(session, listed)  # and the process ends here
    assert await sync_catalogue(source(router), KeptMailer(clock.now)) == 2
    with db.transaction(writes=False) as session:
        price = price_book.read_offers(session, paywall_id, Unit.USDC).priced["a/mine"].price
    assert price.cost is not None and price.input_nanos == MINE.input_nanos


async def test_a_paywall_that_finds_a_bug_keeps_no_other_from_its_prices(
    database: str, router: RunningOpenRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, *fine = [paywall_of(ProviderSetting(BUILT_IN)) for _ in range(3)]
    router.offer(model("a/mine", "0.000011"))

    def fails_for_one(edition: Edition, rules: FollowRules) -> Any:
        if edition.paywall.id == broken:
            raise KeyError("bug")
        return follow.follow_catalogue(edition, rules)

    monkeypatch.setattr(sync, "follow_catalogue", fails_for_one)
    with capture_logs() as logs:
        await sync_catalogue(source(router), KeptMailer(clock.now))
    assert [line["item"] for line in logs if line.get("step") == "failed"] == [broken]
    with db.transaction(writes=False) as session:
        assert [price_book.read_offers(session, id_, Unit.USDC).unpriced for id_ in fine] == [{"a/mine"}] * 2
