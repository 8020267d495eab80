"""What an error calls a field that a body has by another name than the flow that refuses it."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import BadField


@contextmanager
def named(**fields: str) -> Iterator[None]:
    """Lets errors name fields as the caller wrote them: `fields` are those names, by the flow's own."""
    try:
        yield
    except BadField as error:
        field = fields.get(error.field or "", error.field)
        raise BadField(field, error.message, error.code) from None
