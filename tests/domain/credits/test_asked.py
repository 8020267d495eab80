"""An account's own requests are found by its wallet, the newest first, and counted."""

import pytest

from app import db
from app.domain.credits.asked import Found, read_one, read_page
from app.domain.errors import NotFound
from app.domain.money import Unit
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.domain.wallets.shared import shared_wallet_id
from app.flows.chat.call import Run
from tests.support.books import running_queue
from tests.support.credits import open_credits, someone_with_key
from tests.support.crowd import SANDBOX
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_requests_are_their_accounts_own_the_newest_first(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    bob, _ = await someone_with_key("bob@example.org")
    own, other = (shared_wallet_id(one.account_id, SANDBOX, Unit.CREDIT) for one in (ada, bob))
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for name in ("req_1", "req_2"):
            run = await chat.begin(snapshot, ada.account_id, request(model="demo-free"), name, None)
            assert isinstance(run, Run)
            await chat.settle(run, Metered(Tokens(5, 5)))
    with db.transaction(writes=False) as session:

        def found(**wanted: str) -> tuple[list[str], int]:
            rows, total = read_page(session, own, Found(**wanted), 10, 0)
            return [row["id"] for row in rows], total

        both = (["req_2", "req_1"], 2)
        assert found() == found(search="free") == found(manner="chat") == both
        assert found(search="req_1") == (["req_1"], 1)
        assert found(search="%") == found(search="\x00") == found(manner="judge") == ([], 0)
        rows, total = read_page(session, own, Found(), 1, 1)
        assert ([row["id"] for row in rows], total) == (["req_1"], 2)
        assert read_page(session, other, Found(), 10, 0) == ([], 0)
        assert read_one(session, own, "req_1")["model"] == "demo-free"
        for wallet_id, name in ((other, "req_1"), (own, "req_9"), (own, "\x00")):
            with pytest.raises(NotFound):
                read_one(session, wallet_id, name)
