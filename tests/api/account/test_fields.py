"""An error names a field as its caller wrote it, and is otherwise what it was."""

import pytest

from app.api.account.fields import named
from app.domain.errors import BadField


@pytest.mark.parametrize(("field", "told"), [("amount", "amount_usd"), ("other", "other"), (None, None)])
def test_only_the_name_of_a_field_changes(field: str | None, told: str | None) -> None:
    with pytest.raises(BadField) as refused, named(amount="amount_usd"):
        raise BadField(field, "No.", "unsupported_field")
    assert (refused.value.field, refused.value.message, refused.value.code) == (told, "No.", "unsupported_field")
