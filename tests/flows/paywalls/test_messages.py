"""What a developer saves of messages: checked by name, its secret shown once and kept sealed."""

import asyncio

import pytest

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.errors import BadField, NotFound
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import Configuration, ProviderSetting, read_current
from app.domain.paywalls.messages import seal_context
from app.domain.paywalls.modes import Mode
from app.flows.paywalls.messages import remove_responder, save_messages, save_responder
from tests.support import books
from tests.support.books import make_paywall

URL = "https://lexica.example/messages?a=b"


def paywall() -> str:
    with db.transaction() as session:
        return make_paywall(session, {})


def current(paywall_id: str) -> Configuration:
    with db.transaction(writes=False) as session:
        return read_current(session, paywall_id)[1]


async def test_templates_are_published_or_refused_whole(database: str) -> None:
    paywall_id = paywall()
    assert await save_messages(paywall_id, {"topup": "Pay: {{ url }}"}) == 2
    with pytest.raises(BadField) as refused:
        await save_messages(paywall_id, {"authorize": "Allow: {{ url }}", "topup": "Pay {{ link }}"})
    assert refused.value.field == "messages.topup"
    assert current(paywall_id).messages == {"topup": "Pay: {{ url }}"}
    assert await save_messages(paywall_id, {}) == 3
    assert current(paywall_id).messages == {}


async def test_an_endpoint_keeps_its_secret_until_a_new_one_is_asked_for(database: str) -> None:
    paywall_id, box = paywall(), SecretBox(settings.get().secrets)
    first = await save_responder(box, paywall_id, URL)
    moved = await save_responder(box, paywall_id, URL + "&c=d")
    assert (first.version, moved.version, moved.secret) == (2, 3, None)
    setting = current(paywall_id).responder
    assert setting is not None and first.secret is not None and first.secret.startswith("whsec_")
    assert setting.url == URL + "&c=d" and first.secret not in str(current(paywall_id).to_json())
    assert box.open(setting.secret_sealed, seal_context(paywall_id)) == first.secret
    second = await save_responder(box, paywall_id, URL, is_secret_new=True)
    assert second.secret not in (None, first.secret)


async def test_an_endpoint_can_be_taken_away(database: str) -> None:
    paywall_id, box = paywall(), SecretBox(settings.get().secrets)
    with pytest.raises(BadField):
        await remove_responder(paywall_id)
    await save_responder(box, paywall_id, URL)
    await remove_responder(paywall_id)
    assert current(paywall_id).responder is None


async def test_what_is_saved_at_once_is_all_kept(database: str) -> None:
    paywall_id, box = paywall(), SecretBox(settings.get().secrets)
    await asyncio.gather(save_messages(paywall_id, {"topup": "Pay: {{ url }}"}), save_responder(box, paywall_id, URL))
    saved = current(paywall_id)
    assert saved.messages and saved.responder is not None


@pytest.mark.parametrize(
    "url",
    ["", "lexica.example", "ftp://lexica.example/", "https://", "https://a b.example/", "https://ada:pw@lexica.example/",
     "https://lexica.example/" + "x" * 2_000, "https://lexica.example/\n", "https://lexicä.example/", "https://["],
)  # fmt: skip
async def test_an_address_that_cannot_be_asked_is_refused_by_name(database: str, url: str) -> None:
    paywall_id = paywall()
    with pytest.raises(BadField) as refused:
        await save_responder(SecretBox(settings.get().secrets), paywall_id, url)
    assert refused.value.field == "responder.url"
    assert current(paywall_id).responder is None


async def test_a_live_paywall_is_asked_over_https_only(database: str) -> None:
    first = Configuration("Lexica", ProviderSetting("own", "https://api.example/v1"))
    with db.transaction() as session:
        books.create_paywall(session, "pw_live", Mode.DEFAULT, Environment.LIVE, Unit.USD, first)
    box = SecretBox(settings.get().secrets)
    with pytest.raises(BadField, match="https URL"):
        await save_responder(box, "pw_live", "http://lexica.example/")
    assert (await save_responder(box, "pw_live", "https://lexica.example/")).version == 2


async def test_a_paywall_that_does_not_exist_is_not_found(database: str) -> None:
    with pytest.raises(NotFound):
        await save_messages("pw_none", {})
