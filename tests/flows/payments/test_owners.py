"""Whoever owns a connection hears of what is wrong with it: the paywall's owner, else the operators."""

import pytest
from structlog.testing import capture_logs

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.inbox.connections import Connection, open_connection
from app.domain.money import Environment
from app.flows.events.mails import Desk
from app.flows.payments.owners import telling_refusals
from app.ports.rail_errors import KeyRefused
from tests.support.books import make_snapshot

pytestmark = pytest.mark.plain_sql


async def refuse(desk: Desk, connection: Connection) -> None:
    with pytest.raises(KeyRefused):
        async with telling_refusals(desk, connection):
            raise KeyRefused("The key lacks a permission at Stripe: rak_charge_write.", "rak_charge_write")


async def test_a_refusal_is_told_once_to_whose_connection_it_is(database: str) -> None:
    mailer = KeptMailer(clock.now)
    desk, paywall_id = Desk(mailer, frozenset({"op@example.org"})), make_snapshot().paywall_id
    with db.transaction() as session:
        made = [open_connection(session, "stripe", Environment.SANDBOX, whose) for whose in (None, paywall_id)]
    with capture_logs():
        for connection in (*made, *made):
            await refuse(desk, connection)
    first, second = [kept.mail for kept in mailer.kept()]
    assert {first.subject, second.subject} > {"Stripe refuses the key of your connection"}
    assert all("rak_charge_write" in mail.text for mail in (first, second))
