"""What a page says, in people's words."""

from app.domain.errors import BadField
from app.web.frame.format import plainly


def test_a_page_names_a_field_as_in_a_sentence() -> None:
    assert plainly(BadField("amount", "`amount` must be more than zero.")) == "The amount must be more than zero."
    assert plainly(BadField("url", "`url` must be an https or http URL.")) == "The URL must be an https or http URL."
    assert plainly(BadField("x", "Say `x` or nothing.")) == "Say `x` or nothing."
