"""GET /v1/models: what is offered, at what price."""

from fractions import Fraction

from app.api.v1.models import describe
from app.domain.money import NANOS, Unit
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price, Tier
from tests.support.server import Demo


def test_models_are_listed_with_prices_of_this_paywalls_users(demo: Demo) -> None:
    with demo.client() as client:
        models = {model.id: model for model in client.models.list()}
    listed = models["ok"].model_dump()
    # Nobody knows this model, so it is $1 and $2, and the demo's markup is 20 %.
    assert listed["pricing"] == {"prompt": "1.2", "cached_prompt": "1.2", "completion": "2.4", "request": "0"}
    assert (listed["object"], listed["is_free"], listed["name"]) == ("model", False, "ok")


def test_the_listed_prices_are_what_is_charged(demo: Demo) -> None:
    pricing = demo.get("/models/ok:400").json()["pricing"]
    content = demo.chat("ok:400", demo.new_user()).json()
    usage, cached = content["usage"], content["usage"]["prompt_tokens_details"]["cached_tokens"]
    tokens = {"prompt": usage["prompt_tokens"] - cached, "cached_prompt": cached,
              "completion": usage["completion_tokens"]}  # fmt: skip
    exact = sum(
        (Fraction(pricing[kind]) * count / 10**6 for kind, count in tokens.items()), Fraction(pricing["request"])
    )
    assert Fraction(content["paywall"]["charge"]) == Fraction(int(exact * 10**9 + Fraction(1, 2)), 10**9) > 0


def test_one_model_is_described_like_in_the_list(demo: Demo) -> None:
    listed = next(model for model in demo.get("/models").json()["data"] if model["id"] == "tools")
    assert demo.get("/models/tools").json() == listed
    answer = demo.get("/models/no-such-model")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_kinds_with_a_price_of_their_own_are_listed_with_the_markup() -> None:
    price = Price(
        "prc_1", "m", 1, Unit.USD, NANOS, NANOS, 2 * NANOS, markup_basis_points=1_000, reasoning_nanos=3 * NANOS
    )
    listed = describe("m", Offer(price, "M", "", None, None, None, 0))["pricing"]
    assert (listed["reasoning"], listed["completion"]) == ("3.3", "2.2") and "audio" not in listed


def test_tiers_and_images_are_listed_with_the_markup() -> None:
    tier = Tier(200_001, 2 * NANOS, NANOS, 3 * NANOS, image_output_nanos=5 * NANOS)
    price = Price("prc_1", "m", 1, Unit.USD, NANOS, NANOS, 2 * NANOS, request_nanos=NANOS // 2,
                  markup_basis_points=1_000, image_nanos=1_000 * NANOS, tiers=(tier,))  # fmt: skip
    listed = describe("m", Offer(price, "M", "Reads.", 1_000_000, 8_192, None, 0))
    assert listed["pricing"] == {
        "prompt": "1.1", "cached_prompt": "1.1", "completion": "2.2", "request": "0.55", "per_image": "0.0011",
        "tiers": [{"from_prompt_tokens": 200_001, "prompt": "2.2", "cached_prompt": "1.1", "completion": "3.3",
                   "image_completion": "5.5"}],
    }  # fmt: skip
    assert (listed["context_length"], listed["max_completion_tokens"], listed["description"]) == (
        1_000_000, 8_192, "Reads.",
    )  # fmt: skip
