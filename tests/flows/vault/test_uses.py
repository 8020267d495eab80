"""Uses of own keys are counted for apps, and for nobody who calls for themselves."""

import pytest

from app.domain.paywalls.modes import Mode
from app.flows.callers.standing import Standings
from app.flows.callers.user import OwnStanding
from app.flows.vault.uses import OwnUsesReached, take_own_use
from tests.support.books import make_snapshot
from tests.support.crowd import connect, sign_in
from tests.support.own_keys import allow


@pytest.mark.plain_sql
async def test_a_use_is_counted_given_back_and_bounded(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    allow(snapshot, per_day=1)
    own = (await Standings().find(snapshot, "u1")).own
    assert own is not None
    use = await take_own_use(own)
    assert use is not None
    with pytest.raises(OwnUsesReached, match="1 times a day") as reached:
        await take_own_use(own)
    assert reached.value.code == "cap_reached"
    await use.give_back(1)
    assert await take_own_use(own) is not None
    allow(snapshot, per_day=4)  # which counts at once, whenever the standing was read
    with pytest.raises(OwnUsesReached):  # all of them or none
        await take_own_use(own, 4)
    three = await take_own_use(own, 3)
    assert three is not None and three.count == 3
    await three.give_back(2)
    assert await take_own_use(own, 2) is not None and await take_own_use(own, 0) is None
    assert await take_own_use(None) is None and await take_own_use(OwnStanding(())) is None
