"""What goes by an own key costs nothing, whatever the model's price is made of."""

from dataclasses import replace

from app.domain.money import NANOS
from app.domain.pricing.quote import Price, Tokens, bound_nanos, charge_nanos, cost_nanos
from app.domain.pricing.unpaid import unpaid
from tests.support.deciding import OFFER, PRICE

DEAR = replace(
    PRICE, request_nanos=NANOS, minimum_nanos=NANOS, markup_basis_points=500, cache_write_nanos=NANOS,
    image_input_nanos=NANOS, audio_input_nanos=NANOS, reasoning_nanos=NANOS, audio_output_nanos=NANOS,
    image_output_nanos=NANOS, image_nanos=NANOS, cost=PRICE,
)  # fmt: skip


def test_nothing_of_it_is_priced_and_all_else_stays() -> None:
    free = unpaid(replace(OFFER, price=DEAR))
    tokens = Tokens(prompt=1_000, output=2_000)
    assert charge_nanos(DEAR, tokens) > 0 == charge_nanos(free.price, tokens) == cost_nanos(free.price, tokens)
    assert bound_nanos(free.price, 10**6, 10**6, has_media=True, images=5) == 0
    assert free.price.costs_nothing
    assert replace(free, price=DEAR) == replace(OFFER, price=DEAR)
    assert isinstance(free.price, Price)
    assert free.price.tiers == ()
