"""Several providers of one paywall: who serves a model stays so until the developer says otherwise."""

from dataclasses import replace

import pytest

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.errors import BadField
from app.domain.money import NANOS, Unit
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import RetiredBecause
from app.flows.catalogue.defaults import Filled
from app.flows.paywalls.prices import Place, Prices
from app.flows.paywalls.provider import Leaving, TriedProvider
from app.ports.prices import CataloguePrice
from tests.support import books
from tests.support.books import make_paywall
from tests.support.handed import change_newest, follow_catalogue, parts

pytestmark = pytest.mark.plain_sql

A, B, C = (ProviderSetting(name, f"https://{name}.example/v1") for name in "abc")
HOST = "openrouter.ai"
COST = ListPrice(NANOS, 2 * NANOS)


class Knows:
    """A catalogue that knows every model that is not secret."""

    def find(self, model: str) -> CataloguePrice | None:
        return None if model.startswith("secret") else CataloguePrice(ListPrice(len(model) * NANOS, 9 * NANOS))


PARTS = Knows()


def paywall(*providers: ProviderSetting, prices: tuple[NewPrice, ...] = (), mode: Mode = Mode.DEFAULT) -> str:
    with db.transaction() as session:
        return make_paywall(session, {price.model: price for price in prices}, providers, mode, 1_000)


def served(paywall_id: str) -> dict[str, tuple[str, str | None]]:
    """Who serves each model that is on, by which name there."""
    with db.transaction(writes=False) as session:
        offers = price_book.read_offers(session, paywall_id, Unit.USD).priced
        current = read_current(session, paywall_id)[1]
    return {model: (current.provider_of(offer.provider).name, offer.upstream_model) for model, offer in offers.items()}


def names(paywall_id: str) -> list[str]:
    with db.transaction(writes=False) as session:
        return [provider.name for provider in read_current(session, paywall_id)[1].providers]


async def put(paywall_id: str, setting: ProviderSetting, *models: str, in_place_of: str | None = None) -> Filled:
    tried = TriedProvider(setting, models, in_place_of)
    return (await change_newest(paywall_id, parts(PARTS).provider, tried)).outcome


async def take_off(paywall_id: str, name: str, *, with_models: bool = False) -> tuple[str, ...]:
    return (await change_newest(paywall_id, parts(PARTS).leaving, Leaving(name, with_models))).outcome


async def set_prices(paywall_id: str, prices: Prices) -> None:
    await change_newest(paywall_id, parts(PARTS).prices, prices)


@pytest.mark.unhurried
async def test_a_model_that_two_list_stays_with_who_serves_it(database: str) -> None:
    paywall_id = paywall(A)
    assert await put(paywall_id, A, "x", "both", "secret") == Filled(("x", "both"), ("secret",))
    assert await put(paywall_id, B, "y", "both", "secret") == Filled(("y",), ("secret",), ("both",))
    assert names(paywall_id) == ["a", "b"]
    assert served(paywall_id) == {"x": ("a", None), "both": ("a", None), "y": ("b", None)}
    await set_prices(paywall_id, Prices(follow=[Place("both", "b", "other name")]))
    assert served(paywall_id)["both"] == ("b", "other name")
    # What is not said stays, also when the price is the developer's own.
    await set_prices(paywall_id, Prices(own=[NewPrice("both", 1, 1)]))
    await set_prices(paywall_id, Prices(follow=[Place("both")]))
    assert served(paywall_id)["both"] == ("b", "other name")
    await set_prices(paywall_id, Prices(own=[NewPrice("both", 1, 1, upstream_model="both")]))
    assert served(paywall_id)["both"] == ("b", None)
    assert (await put(paywall_id, A, "x", "both")).elsewhere == ("both",)


@pytest.mark.unhurried
async def test_what_the_developer_took_off_is_not_brought_back_by_another_provider(database: str) -> None:
    paywall_id = paywall(A, prices=(NewPrice("x", 1, 1), NewPrice("y", 1, 1)))
    await set_prices(paywall_id, Prices(off=["x"]))
    with db.transaction() as session:
        books.retire(session, paywall_id, "y", RetiredBecause.VANISHED)
    assert (await put(paywall_id, B, "x")).elsewhere == ("x",)
    assert served(paywall_id) == {}


@pytest.mark.parametrize("prices", [
    Prices(own=[NewPrice("x", 1, 1, provider="nobody")]),
    Prices(follow=[Place("x", "nobody")]),
    Prices(own=[NewPrice("new", 1, 1, provider="A")]),
])  # fmt: skip
async def test_a_provider_that_the_paywall_has_not_serves_nothing(database: str, prices: Prices) -> None:
    paywall_id = paywall(A, B, prices=(NewPrice("x", 1, 1),))
    with pytest.raises(BadField) as refused:
        await set_prices(paywall_id, prices)
    assert refused.value.field == "provider" and served(paywall_id) == {"x": ("a", None)}


@pytest.mark.unhurried
async def test_another_default_takes_no_model_from_who_serves_it(database: str) -> None:
    paywall_id = paywall(A, B, C, prices=(NewPrice("x", 1, 1), NewPrice("y", 1, 1, provider="b"),
                                          NewPrice("off", 1, 1), NewPrice("z", 1, 1, provider="c")))  # fmt: skip
    with db.transaction() as session:
        books.retire(session, paywall_id, "off", RetiredBecause.UNPRICED)
    before = served(paywall_id)
    for name, listed in (("b", "bac"), ("c", "cba"), ("c", "cba"), ("a", "acb")):
        await change_newest(paywall_id, parts(PARTS).default_provider, name)
        assert names(paywall_id) == list(listed) and served(paywall_id) == before
        with db.transaction(writes=False) as session:
            row = price_book.current(session, paywall_id, "off")
            assert row is not None and row.retired_because is RetiredBecause.UNPRICED
            assert read_current(session, paywall_id)[1].provider_of(row.provider).name == "a"
    await set_prices(paywall_id, Prices(own=[NewPrice("new", 1, 1)]))
    assert served(paywall_id)["new"] == ("a", None)


@pytest.mark.unhurried
async def test_a_provider_goes_with_its_models_only_if_that_is_said(database: str) -> None:
    own = [NewPrice(f"x{number}", 1, 1, provider="b") for number in range(7)]
    paywall_id = paywall(A, B, prices=(NewPrice("y", 1, 1), *own))
    with pytest.raises(BadField, match=r"`b` serves x0, x1, x2, x3, x4 and 2 more"):
        await take_off(paywall_id, "b")
    assert names(paywall_id) == ["a", "b"] and len(served(paywall_id)) == 8
    with db.transaction() as session:
        books.retire(session, paywall_id, "x6", RetiredBecause.VANISHED)
    assert await take_off(paywall_id, "b", with_models=True) == tuple(f"x{number}" for number in range(6))
    assert names(paywall_id) == ["a"] and served(paywall_id) == {"y": ("a", None)}
    with db.transaction() as session:
        write_list(session, ModelList((ListedModel("x6", "X", "", 0, COST),)))
        assert follow_catalogue(session, paywall_id, HOST) == (0, [])
    # Another one of that name begins with nothing.
    assert await put(paywall_id, replace(B, base_url="https://else.example"), "z") == Filled(("z",), ())
    assert served(paywall_id) == {"y": ("a", None), "z": ("b", None)}


async def test_where_the_default_goes_the_next_one_is(database: str) -> None:
    paywall_id = paywall(A, B, C, prices=(NewPrice("x", 1, 1), NewPrice("y", 1, 1, provider="b")))
    assert await take_off(paywall_id, "a", with_models=True) == ("x",)
    assert names(paywall_id) == ["b", "c"] and served(paywall_id) == {"y": ("b", None)}
    assert await take_off(paywall_id, "c") == ()
    for wrong in ("b", "c"):
        with pytest.raises(BadField):
            await take_off(paywall_id, wrong, with_models=True)
    assert names(paywall_id) == ["b"]


@pytest.mark.parametrize("name", ["a", "b"])
async def test_one_in_the_place_of_another_serves_what_that_one_did(database: str, name: str) -> None:
    paywall_id = paywall(A, B, prices=(NewPrice("x", 1, 1), NewPrice("y", 1, 1, provider="b", upstream_model="z")))
    assert (await put(paywall_id, C, "new", in_place_of=name)).priced == ("new",)
    assert names(paywall_id) == [{name: "c"}.get(each, each) for each in "ab"]
    x, y = ({name: "c"}.get(each, each) for each in "ab")
    assert served(paywall_id) == {"x": (x, None), "y": (y, "z"), "new": ("c", None)}


async def test_places_that_cannot_be_are_refused(database: str) -> None:
    paywall_id = paywall(A, B)
    for setting, in_place_of, field in ((C, "nobody", "provider"), (A, "b", "providers[1].name"),
                                        (replace(C, name="B"), None, "providers[2].name")):  # fmt: skip
        with pytest.raises(BadField) as refused:
            await put(paywall_id, setting, "x", in_place_of=in_place_of)
        assert refused.value.field == field
    for number in range(6):
        await put(paywall_id, replace(C, name=f"c{number}"), "x")
    with pytest.raises(BadField) as refused:
        await put(paywall_id, C, "x")
    assert refused.value.field == "providers"


async def test_costs_stand_on_the_models_name_where_the_operator_pays(database: str) -> None:
    with db.transaction() as session:
        write_list(
            session,
            ModelList(
                (
                    ListedModel("real", "R", "", 0, COST),
                    ListedModel("dear", "D", "", 0, ListPrice(9 * NANOS, 9 * NANOS)),
                )
            ),
        )
    paywall_id = paywall(A, ProviderSetting(BUILT_IN), mode=Mode.SHARED)
    own = NewPrice("real", 3 * NANOS, 3 * NANOS, provider=BUILT_IN)
    for upstream, is_fine in (("real", True), ("dear", False), ("secret", False)):
        wanted = Prices(own=[replace(own, model="cheap", upstream_model=upstream)])
        if is_fine:
            await set_prices(paywall_id, wanted)
            continue
        with pytest.raises(BadField):
            await set_prices(paywall_id, wanted)
    # With the developer's own key that is nobody's business.
    await set_prices(paywall_id, Prices(own=[replace(own, model="mine", provider="a", upstream_model="dear")]))
    with db.transaction(writes=False) as session:
        offers = price_book.read_offers(session, paywall_id, Unit.USDC).priced
    assert offers["cheap"].price.cost == COST.to_price("cheap", Unit.USDC) and offers["mine"].price.cost is None


async def test_a_version_comes_back_with_who_served_it_and_with_the_keys_of_today(database: str) -> None:
    sealed = replace(A, key_sealed="v1.old")
    paywall_id = paywall(sealed, B, prices=(NewPrice("x", 1, 1), NewPrice("y", 1, 1, provider="b", upstream_model="z")))
    await put(paywall_id, replace(A, key_sealed="v1.new"), "n")
    await change_newest(paywall_id, parts(PARTS).default_provider, "b")
    moved = [NewPrice("x", 1, 1, provider="b", upstream_model="w"), NewPrice("y", 1, 1, provider="a")]
    await set_prices(paywall_id, Prices(own=moved))
    assert served(paywall_id) == {"x": ("b", "w"), "y": ("a", None), "n": ("a", None)}
    await change_newest(paywall_id, parts(PARTS).version, 1)
    assert served(paywall_id) == {"x": ("a", None), "y": ("b", "z")} and names(paywall_id) == ["a", "b"]
    with db.transaction(writes=False) as session:
        assert read_current(session, paywall_id)[1].providers[0].key_sealed == "v1.new"


def test_a_key_from_before_is_sealed_anew_when_its_provider_is_saved(database: str) -> None:
    box = SecretBox(settings.get().secrets)
    stored = {"app_name": "A", "app_url": "", "return_origins": [], "messages": {}, "is_strict": False,
              "provider": {"name": "a", "base_url": A.base_url, "key_sealed": box.seal("sk-1", "provider_key:pw_1"),
                           "limit_field": ""}}  # fmt: skip
    only = Configuration.from_json(stored).providers[0]
    assert box.open(only.key_sealed or "", only.seal_context("pw_1")) == "sk-1"
    newer = replace(only, key_sealed=box.seal("sk-2", A.seal_context("pw_1")), is_seal_old=False)
    assert only.with_key_of(newer) == newer
    assert only.with_key_of(replace(newer, base_url="https://else.example")) == only
