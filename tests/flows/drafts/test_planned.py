"""What planned prices mean for users: the same arithmetic that charges, shown before anything is made."""

from dataclasses import replace

import pytest

from app import db
from app.domain.drafts.drafts import Plan, PlannedProvider
from app.domain.errors import BadField
from app.domain.money import NANOS, Environment
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.tables import PriceSource
from app.flows.drafts.planned import ModelEstimate, PlannedPrices, estimate, plan_prices
from tests.support.drafting import RULES

pytestmark = pytest.mark.plain_sql

OWN = PlannedProvider(ProviderSetting("own", "https://api.example/v1"), ("known", "strange"))
PLAN = Plan("Quill", Mode.DEFAULT, Environment.LIVE, provider=OWN)
BUILT_IN = replace(PLAN, mode=Mode.SHARED, provider=PlannedProvider(ProviderSetting("built-in"), ("known",)))


def planned(plan: Plan) -> PlannedPrices:
    with db.transaction(writes=False) as session:
        return plan_prices(session, RULES, plan)


def estimated(plan: Plan) -> ModelEstimate:
    return estimate(RULES, plan, planned(plan).priced[0])


def test_what_nobody_knows_has_no_price(database: str) -> None:
    found = planned(PLAN)
    assert [one.price.model for one in found.priced] == ["known"] and found.unpriced == ("strange",)
    assert found.priced[0].price.source is PriceSource.CATALOGUE
    assert planned(replace(PLAN, provider=None)) == PlannedPrices((), ())


def test_a_typical_chat_in_default_mode_leaves_the_markup(database: str) -> None:
    # 1,000 × $2 + 500 × $8 per million is $0.006; 20 % more are $0.0072.
    assert estimated(PLAN) == ModelEstimate("known", 2_400_000_000, 9_600_000_000, 7_200_000, 1_200_000)


def test_a_fee_is_marked_up_a_minimum_is_not_and_both_are_the_developers(database: str) -> None:
    with_fee = replace(PLAN, request_nanos=NANOS // 1_000)
    assert estimated(with_fee).chat_nanos == 8_400_000 and estimated(with_fee).left_nanos == 2_400_000
    assert estimated(replace(PLAN, minimum_nanos=NANOS // 100)).chat_nanos == NANOS // 100
    assert planned(with_fee).priced[0].price.source is PriceSource.DEVELOPER


def test_in_shared_mode_the_platforms_fee_goes_off_and_nothing_is_owed_on_the_developers_fee(database: str) -> None:
    assert estimated(BUILT_IN).left_nanos == 7_200_000 - 72_000 - 6_000_000
    own = planned(replace(BUILT_IN, request_nanos=NANOS // 1_000)).priced[0].price
    assert own.cost is not None and own.cost.input_nanos == 2_000_000_000 and own.cost.request_nanos == 0
    for lossy in (
        replace(BUILT_IN, markup_basis_points=100),
        replace(BUILT_IN, markup_basis_points=100, minimum_nanos=5),
    ):
        with pytest.raises(BadField) as refused:
            planned(lossy)
        assert refused.value.field == "markup_basis_points"


def test_the_demos_models_have_the_demos_prices(database: str) -> None:
    demo = replace(PLAN, environment=Environment.SANDBOX,
                   provider=PlannedProvider(ProviderSetting("demo"), ("demo-mini", "demo-large", "other")))  # fmt: skip
    found = planned(demo)
    assert [one.price.model for one in found.priced] == ["demo-mini", "demo-large"] and found.unpriced == ("other",)
    assert estimate(RULES, demo, found.priced[0]).input_nanos == 180_000_000
