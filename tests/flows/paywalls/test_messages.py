"""What a developer saves of messages: checked by name, its secret shown once and kept sealed."""

import pytest

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.errors import BadField
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.messages import seal_context
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.paywalls.change import Changed
from app.flows.paywalls.messages import Endpoint, Templates, endpoint, templates
from tests.support import books
from tests.support.books import make_paywall
from tests.support.handed import change_newest

pytestmark = pytest.mark.plain_sql

URL = "https://lexica.example/messages?a=b"


def paywall() -> str:
    with db.transaction() as session:
        return make_paywall(session, {})


def current(paywall_id: str) -> Configuration:
    with db.transaction(writes=False) as session:
        return read_current(session, paywall_id)[1]


async def save_messages(paywall_id: str, wanted: Templates) -> int:
    return (await change_newest(paywall_id, templates(), wanted)).version


async def save_endpoint(paywall_id: str, url: str | None, *, is_secret_new: bool = False) -> Changed[str | None]:
    box = SecretBox(settings.get().secrets)
    return await change_newest(paywall_id, endpoint(box), Endpoint(url, is_secret_new))


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
    first = await save_endpoint(paywall_id, URL)
    moved = await save_endpoint(paywall_id, URL + "&c=d")
    assert (first.version, moved.version, moved.outcome) == (2, 3, None)
    setting = current(paywall_id).responder
    assert setting is not None and first.outcome is not None and first.outcome.startswith("whsec_")
    assert setting.url == URL + "&c=d" and first.outcome not in str(current(paywall_id).to_json())
    assert box.open(setting.secret_sealed, seal_context(paywall_id)) == first.outcome
    second = await save_endpoint(paywall_id, URL, is_secret_new=True)
    assert second.outcome not in (None, first.outcome)


async def test_an_endpoint_can_be_taken_away(database: str) -> None:
    paywall_id = paywall()
    with pytest.raises(BadField):
        await save_endpoint(paywall_id, None)
    await save_endpoint(paywall_id, URL)
    await save_endpoint(paywall_id, None)
    assert current(paywall_id).responder is None


@pytest.mark.parametrize(
    "url",
    ["", "lexica.example", "ftp://lexica.example/", "https://", "https://a b.example/", "https://ada:pw@lexica.example/",
     "https://lexica.example/" + "x" * 2_000, "https://lexica.example/\n", "https://lexicä.example/", "https://["],
)  # fmt: skip
async def test_an_address_that_cannot_be_asked_is_refused_by_name(database: str, url: str) -> None:
    paywall_id = paywall()
    with pytest.raises(BadField) as refused:
        await save_endpoint(paywall_id, url)
    assert refused.value.field == "responder.url"
    assert current(paywall_id).responder is None


async def test_a_live_paywall_is_asked_over_https_only(database: str) -> None:
    first = Configuration("Lexica", (ProviderSetting("own", "https://api.example/v1"),))
    with db.transaction() as session:
        books.create_paywall(session, "pw_live", Mode.DEFAULT, Environment.LIVE, Unit.USD, first)
    with pytest.raises(BadField, match="https URL"):
        await save_endpoint("pw_live", "http://lexica.example/")
    assert (await save_endpoint("pw_live", "https://lexica.example/")).version == 2
