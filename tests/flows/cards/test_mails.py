"""Every mail says what happened and what its reader can do, and one that cannot be sent is sent later."""

import pytest

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.cards import notices
from app.domain.cards.tables import NoticeKind, OffReason
from app.domain.errors import ProviderFailed
from app.domain.ledger.accounts import Account
from app.domain.people.sessions import Person
from app.domain.people.tables import PersonAccount
from app.flows.cards.mails import OFF_BECAUSE, TOLD_WITHIN_SECONDS, CardMails
from app.flows.events.mails import Desk
from app.ports.mail import Mail
from tests.support.saved_cards import BASE_URL, mails, make_person, save_card, switch_on

pytestmark = pytest.mark.plain_sql


def begin() -> tuple[Person, Account]:
    person = make_person()
    return person, switch_on(person, save_card("sandbox", person))


@pytest.mark.parametrize("kind", list(NoticeKind))
async def test_every_kind_has_its_words(database: str, kind: NoticeKind) -> None:
    person, wallet = begin()
    with db.transaction() as session:
        notices.note(session, (wallet.owner, person.account_id), kind, "1", topup_id=None, off_reason=OffReason.FROZEN)
    mailer = KeptMailer(clock.now)
    await mails(mailer).send_due()
    sent = [kept.mail for kept in mailer.kept()]
    assert len(sent) == 2 - (kind is NoticeKind.SWITCHED_ON and 0)  # with the one that told of the switching on
    assert all((mail.to == "ada@example.org" and BASE_URL in mail.text and "$20.00" in mail.text + mail.subject)
               or kind in (NoticeKind.CARD_REPLACED, NoticeKind.CARD_EXPIRES, NoticeKind.SWITCHED_OFF)
               for mail in sent)  # fmt: skip
    assert await mails(mailer).send_due() == 0


def test_every_reason_to_be_off_has_its_words() -> None:
    assert set(OFF_BECAUSE) == set(OffReason)


async def test_who_has_no_address_keeps_nobody_waiting(database: str) -> None:
    person, _ = begin()
    with db.transaction() as session:
        session.get_one(PersonAccount, person.account_id).email = None
    mailer = KeptMailer(clock.now)
    assert await mails(mailer).send_due() == 1
    assert mailer.kept() == [] and await mails(mailer).send_due() == 0


class Away:
    """A mailer whose server does not answer."""

    async def send(self, mail: Mail) -> None:
        raise ProviderFailed("The mail server does not answer.")


@pytest.mark.unhurried
async def test_what_cannot_be_sent_is_told_later_and_given_up_after_days(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, wallet = begin()
    away, mailer, began = CardMails(Desk(Away(), frozenset()), BASE_URL), KeptMailer(clock.now), clock.now()
    at = [began]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    assert [await away.send_due() for _ in range(2)] == [1, 0]
    at[0] += 60 * clock.SECOND
    assert [await away.send_due() for _ in range(2)] == [1, 0]
    at[0] += 120 * clock.SECOND  # it is left alone for as long as it is old
    assert await mails(mailer).send_due() == 1
    assert [kept.mail.subject for kept in mailer.kept()] == ["Automatic top-up is on"]
    at[0] += clock.DAY
    assert await mails(mailer).send_due() == 0
    with db.transaction() as session:
        notices.note(session, (wallet.owner, person.account_id), NoticeKind.CHARGED, "2")
    at[0] += TOLD_WITHIN_SECONDS * clock.SECOND
    assert [await away.send_due() for _ in range(2)] == [1, 0]
    at[0] += 30 * clock.DAY
    assert await away.send_due() == 0
