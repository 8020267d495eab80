"""The bound of a request that holds or asks for more than words."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.money import NANOS
from app.domain.pricing.quote import TokenKind, Tokens, charge_nanos
from app.flows.chat.decide import bound_of
from app.formats.openai_request import read_chat_request
from tests.support.deciding import IMAGE, MINIMAL, OFFER, PRICE

DEAR = replace(
    OFFER,
    price=replace(PRICE, image_input_nanos=50 * NANOS, audio_output_nanos=90 * NANOS, image_nanos=10_000 * NANOS),
)


@pytest.mark.parametrize(
    ("asked", "images"),
    [({"messages": IMAGE}, 1), ({"audio": {"voice": "x", "format": "wav"}}, 0), ({"modalities": ["audio"]}, 0)],
)
def test_what_pictures_and_sound_may_cost_is_held_and_not_left_for_words(asked: dict[str, Any], images: int) -> None:
    bound = bound_of(read_chat_request(MINIMAL | asked | {"max_tokens": 100}), DEAR)
    parts = ((TokenKind.IMAGE_INPUT, bound.prompt_tokens), (TokenKind.AUDIO_OUTPUT, 100))
    dearest = charge_nanos(DEAR.price, Tokens(bound.prompt_tokens, 100, 0, parts, images))
    assert bound.nanos(DEAR, 100) == dearest
    assert bound.fitting_output_tokens(DEAR, bound.nanos(DEAR, 57)) == 57
