"""An account is known by its own key, and an app's key is none."""

import pytest

from app.api.account.asker import BY_KEY
from app.api.v1.exchange import Exchange
from app.domain.errors import UnknownKey


@pytest.mark.parametrize("said", [None, "Bearer", "Bearer sk-coinslot-user-no", "Basic x"])
async def test_nobody_is_found_without_a_key_that_is_one(said: str | None) -> None:
    headers = {} if said is None else {b"authorization": said.encode()}

    async def send(_message: object) -> None:
        raise AssertionError("nothing is sent by whoever only looks")

    with pytest.raises(UnknownKey):
        await BY_KEY.find(Exchange({}, send, "req_1", headers))
