"""Accounts at Stripe as their owner connects them: keys tried, endpoints made, events listed and believed."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.adapters.payments.stripe_account import KINDS
from app.adapters.payments.stripe_client import API_VERSION
from app.domain import clock
from app.domain.errors import BadField, Unavailable
from app.domain.money import Environment
from app.ports.accounts import BadSignature, Connection, EndpointStatus, ObjectKind, Told
from app.ports.rail_errors import KeyRefused
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import BOX, Reached, marks, order, reaching, signed

URL = "https://coinslot.example/stripe/webhook/con_1"
PLAY, LIVE = Environment.SANDBOX, Environment.LIVE


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
async def reached(shop: StripeShop) -> AsyncIterator[Reached]:
    async with reaching(shop) as made:
        yield made


@pytest.mark.unhurried
async def test_a_full_key_lacks_nothing_and_trying_it_makes_nothing(reached: Reached) -> None:
    probed = await reached.account.probe()
    assert (probed.missing, probed.account, probed.settles_usd) == ((), reached.shop.id, True)
    assert [reached.shop.look(kind) for kind in (None,)] == [[]]


@pytest.mark.unhurried
async def test_each_permission_that_is_missing_is_named_and_nothing_is_made(shop: StripeShop) -> None:
    async with reaching(shop) as full:
        needed = full.accounts.permissions()
    slugs = {permission.slug for permission in needed}
    for slug in sorted(slugs):
        # Whoever may write may read: to lack reading is to lack both.
        lacks = {slug, slug.replace("_read", "_write")}
        allowed = sorted(slugs - lacks)
        async with reaching(shop, key=shop.key(allowed)) as reached:
            probed = await reached.account.probe()
        assert {permission.slug for permission in probed.missing} == lacks & slugs, slug
        assert probed.account == shop.id
    assert shop.look() == []


@pytest.mark.unhurried
async def test_what_may_be_read_alone_is_missing_where_it_must_be_written(shop: StripeShop) -> None:
    reads = ["rak_checkout_session_read", "rak_payment_intent_read"]
    async with reaching(shop, key=shop.key(reads)) as reached:
        probed = await reached.account.probe()
        assert len(probed.missing) == len(reached.accounts.permissions())
        assert probed.settles_usd is None


@pytest.mark.unhurried
async def test_an_account_in_euros_says_so(stripe_bank: StripeBank) -> None:
    async with reaching(stripe_bank.account(currency="eur", country="DE")) as reached:
        assert (await reached.account.probe()).settles_usd is False


async def test_a_key_that_is_none_is_refused_as_a_whole(shop: StripeShop) -> None:
    async with reaching(shop, key="rk_test_unknown") as reached:
        with pytest.raises(KeyRefused) as refused:
            await reached.account.probe()
    assert refused.value.permission is None


@pytest.mark.parametrize(
    ("key", "environment", "word"),
    [
        ("sk_test_1", PLAY, "secret key"), ("sk_live_1", LIVE, "secret key"), ("rk_live_1", PLAY, "live mode"),
        ("rk_test_1", LIVE, "test mode"), ("pk_test_1", PLAY, "restricted key"), ("", PLAY, "restricted key"),
        ("rk_test_ü", PLAY, "restricted key"), ("rk_test_1\nx", PLAY, "restricted key"), ("whsec_1", LIVE, "no "),
    ],
)  # fmt: skip
async def test_keys_that_cannot_be_right_are_refused_in_words_without_the_key(
    reached: Reached, key: str, environment: Environment, word: str
) -> None:
    with pytest.raises(BadField) as refused:
        reached.accounts.check_key(key, environment)
    assert refused.value.field == "key" and word in refused.value.message
    assert not key or key not in refused.value.message


async def test_a_key_is_taken_without_the_spaces_around_it(reached: Reached) -> None:
    assert reached.accounts.check_key(" rk_test_1\n", PLAY) == "rk_test_1"
    assert reached.accounts.check_key("rk_live_1", LIVE) == "rk_live_1"


async def test_the_page_of_keys_opens_with_every_box_ticked(reached: Reached) -> None:
    for environment, path in ((PLAY, "/test/apikeys/create"), (LIVE, "/apikeys/create")):
        parts = urlsplit(reached.accounts.key_page(environment))
        assert (parts.scheme, parts.netloc, parts.path) == ("https", "dashboard.stripe.com", path)
        ticked = [value for name, value in parse_qsl(parts.query) if name == "permissions[]"]
        assert set(ticked) == {permission.slug for permission in reached.accounts.permissions()}
        assert len(ticked) == len(set(ticked))


@pytest.mark.unhurried
async def test_an_endpoint_is_made_read_and_deleted_with_what_a_crash_left_behind(reached: Reached) -> None:
    lost, kept = [await reached.account.create_endpoint(URL) for _ in range(2)]
    others = await reached.account.create_endpoint(f"{URL}0")
    assert kept.secret.startswith("whsec_") and kept.secret != lost.secret
    found = reached.shop.look("webhook_endpoint")[1]
    assert (found["api_version"], found["enabled_events"], found["url"]) == (API_VERSION, list(KINDS), URL)
    await reached.account.delete_endpoints(URL, but=kept.id)
    states = [await reached.account.read_endpoint(one.id) for one in (lost, kept, others)]
    assert states == [EndpointStatus.MISSING, EndpointStatus.ENABLED, EndpointStatus.ENABLED]
    reached.shop.bank.do("endpoint", endpoint=kept.id, status="disabled")
    assert await reached.account.read_endpoint(kept.id) is EndpointStatus.DISABLED
    await reached.account.delete_endpoints(URL)
    assert [one["id"] for one in reached.shop.look("webhook_endpoint")] == [others.id]


async def test_another_account_has_no_such_endpoint(reached: Reached, stripe_bank: StripeBank) -> None:
    made = await reached.account.create_endpoint(URL)
    async with reaching(stripe_bank.account("Another")) as other:
        assert await other.account.read_endpoint(made.id) is EndpointStatus.MISSING


async def listed(reached: Reached, since: int = 0) -> Sequence[Told]:
    return [told async for page in reached.account.list_events(since) for told in page]


@pytest.mark.unhurried
async def test_events_are_listed_to_their_end_newest_first_from_a_second_on(reached: Reached) -> None:
    of = marks()
    made = await reached.rail.create_checkout(order(of))
    reached.shop.pay(made.id)
    reached.shop.bank.advance(100)
    reached.shop.do("foreign", count=150)
    found = await listed(reached)
    assert len(found) > 150 and [told.created for told in found] == sorted(
        (told.created for told in found), reverse=True
    )
    assert len({told.id for told in found}) == len(found)
    ours = [told for told in found if told.instance == of.instance]
    assert {(told.type, told.kind, told.bears_marks) for told in ours} == {
        ("checkout.session.completed", ObjectKind.PAYMENT, True),
        ("payment_intent.succeeded", ObjectKind.PAYMENT, True),
    }  # fmt: skip
    assert made.id in {told.object_id for told in ours}
    assert {told.id for told in await listed(reached, ours[0].created + 50)}.isdisjoint(told.id for told in ours)


def refunded(**changed: object) -> dict[str, object]:
    about = {"id": "re_1", "object": "refund", "metadata": {}}
    return {"id": "evt_1", "object": "event", "type": "refund.created", "created": 7, "livemode": False,
            "data": {"object": about}, **changed}  # fmt: skip


async def test_an_event_is_believed_that_any_secret_of_now_signed(reached: Reached) -> None:
    read = reached.accounts.read_event
    told = Told(
        "evt_1", "refund.created", ObjectKind.REFUND, "re_1", 7, is_live=False, bears_marks=False, instance=None
    )
    for secret in ("whsec_old", "whsec_new"):
        assert read(*signed(refunded(), secret), ["whsec_new", "whsec_old"]) == told
    assert read(*signed(refunded(type="plan.created"), "whsec_1"), ["whsec_1"]).kind is None
    forged = (
        signed(refunded(), "whsec_other"), signed(refunded(), "whsec_1", clock.now() // clock.SECOND - 301),
        (b"{}", signed(refunded(), "whsec_1")[1]), (signed(refunded(), "whsec_1")[0], ""), (b"\xff", "t=1,v1=1"),
    )  # fmt: skip
    for body, header in forged:
        with pytest.raises(BadSignature):
            read(body, header, ["whsec_1"])
    with pytest.raises(BadSignature):
        read(*signed(refunded(), "whsec_1"), [])


@pytest.mark.parametrize(
    "event", [b"[]", b"nonsense", {}, {"id": 1}, [], "text", {**refunded(), "data": {"object": []}}]
)
async def test_what_is_signed_and_no_event_is_refused(reached: Reached, event: object) -> None:
    with pytest.raises(BadField):
        reached.accounts.read_event(*signed(event, "whsec_1"), ["whsec_1"])


@pytest.mark.unhurried
async def test_a_connection_is_reached_by_its_sealed_key_and_not_without_one(shop: StripeShop) -> None:
    connection = Connection("con_1", "stripe", PLAY)
    sealed = BOX.seal(shop.keys["rk_test"], connection.seal_context)
    async with reaching(shop) as reached:
        account = reached.accounts.reach(Connection("con_1", "stripe", PLAY, key_sealed=sealed))
        assert (await account.probe()).account == shop.id
        with pytest.raises(Unavailable):
            reached.accounts.reach(connection)
