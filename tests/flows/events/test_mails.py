"""Whoever looks after a paywall is told, and a mail that fails undoes nothing."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.paywalls.members import command_manager
from app.flows.events.mails import MAILS_A_RUN, MAILS_BEHIND, Notice
from app.flows.paywalls.owners import give_paywall
from app.ports.mail import Mail
from tests.support.books import make_snapshot
from tests.support.handed import desk
from tests.support.paying_out import Dies
from tests.support.scripted_chain import Cut

NOTICE = Notice("pw_1", "Lexica", "m was switched off", "It costs more.")


class Fails:
    """A mailer that takes nothing for one address."""

    def __init__(self, refused: str) -> None:
        self.refused = refused
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        if mail.to == self.refused:
            raise ProviderFailed("away")
        self.sent.append(mail)


async def test_every_operator_is_mailed(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="b@example.org, a@example.org")
    mails = KeptMailer(clock.now)
    await desk(mails).tell(NOTICE)
    assert sorted(kept.mail.to for kept in mails.kept()) == ["a@example.org", "b@example.org"]
    assert {(kept.mail.subject, kept.mail.text) for kept in mails.kept()} == {
        ("Lexica: m was switched off", "It costs more.")
    }


async def test_one_mail_that_fails_keeps_no_other_back(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="a@example.org,b@example.org")
    mailer = Fails("a@example.org")
    await desk(mailer).tell(NOTICE)
    assert [mail.to for mail in mailer.sent] == ["b@example.org"]


async def test_a_paywalls_owner_is_told_in_the_operators_place(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="op@example.org")
    owned, other = make_snapshot().paywall_id, make_snapshot().paywall_id
    with db.transaction(writes=False) as session:
        manager = command_manager(session, owned)
    await give_paywall(manager, "dev@example.org")
    mails = KeptMailer(clock.now)
    for paywall_id in (owned, other, "pw_none"):
        await desk(mails).tell(replace(NOTICE, paywall_id=paywall_id))
    assert [kept.mail.to for kept in reversed(mails.kept())] == ["dev@example.org", "op@example.org", "op@example.org"]
    with db.transaction() as session:
        session.execute(text("UPDATE account SET email = NULL"))
    await desk(mails).tell(replace(NOTICE, paywall_id=owned))
    assert mails.kept()[0].mail.to == "op@example.org"


async def test_what_is_no_paywalls_goes_to_the_operators_and_to_whom_it_is_written(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="a@example.org,b@example.org")
    mailer = Fails("a@example.org")
    with capture_logs() as logs:
        await desk(mailer).alert("A payment was refused", "It is of another connection.")
        await desk(mailer).write("ada@example.org", "Refunded", "In full.")
    assert [(mail.to, mail.subject) for mail in mailer.sent] == [
        ("b@example.org", "A payment was refused"),
        ("ada@example.org", "Refunded"),
    ]
    assert [entry["event"] for entry in logs] == ["operator_alert", "mail"]


async def test_a_mail_to_operators_is_lost_by_no_crash_and_by_no_mailer_that_is_away(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="a@example.org")
    with pytest.raises(Cut):
        await desk(Dies()).alert("Payouts are paused", "Look.")
    with db.transaction() as session:
        desk(Dies()).keep_alert(session, "The gas account is low", "Send it some.")  # and nothing was ever sent of it
    away, mailer = Fails("a@example.org"), Fails("")
    with db.transaction() as session:
        session.execute(text("UPDATE kept_mail SET next_at = 0"))
    assert await desk(away).send_kept() == 0 and await desk(mailer).send_kept() == 0
    with db.transaction() as session:
        session.execute(text("UPDATE kept_mail SET next_at = 0"))
    assert await desk(mailer).send_kept() == 2 and await desk(mailer).send_kept() == 0
    assert sorted(mail.subject for mail in mailer.sent) == ["Payouts are paused", "The gas account is low"]


async def test_who_stored_a_mail_sends_a_few_and_the_job_the_rest(database: str) -> None:
    """A mail server that hangs must not keep payouts or a page waiting for all that was ever stored."""
    settings.configure(data=settings.get().data, database_url=database, operator_emails="a@example.org")
    mailer = Fails("")
    with db.transaction() as session:
        for number in range(10):
            desk(mailer).keep_alert(session, f"Alert {number}", "Look.")
    await desk(mailer).alert("Payouts are paused", "Look.")
    assert len(mailer.sent) == MAILS_BEHIND
    assert await desk(mailer).send_kept(MAILS_A_RUN) == 11 - MAILS_BEHIND
