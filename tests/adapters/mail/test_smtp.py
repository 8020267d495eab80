"""Mails reach a real SMTP server, and a server that does not take them is a clear failure."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from app.adapters.mail.smtp import SmtpMailer
from app.domain.errors import ProviderFailed
from app.ports.mail import Mail
from tests.emulators import mail
from tests.emulators.mail import Inbox, PatientController
from tests.support.ports import free_port

MAIL = Mail("ada@example.org", "413093 is your code", "Your code is 413093\n\nGrüße — ✓")


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail.running() as started:
        yield started


async def test_a_mail_arrives_as_it_was_written(inbox: Inbox) -> None:
    await SmtpMailer(inbox.url, "Coinslot <no-reply@example.org>").send(MAIL)
    (message,) = inbox.to(MAIL.to)
    assert message["From"] == "Coinslot <no-reply@example.org>"
    assert message["To"] == MAIL.to and message["Subject"] == MAIL.subject
    assert message.get_content().replace("\r\n", "\n").strip() == MAIL.text
    assert message["Date"] and message["Message-ID"].endswith("@coinslot>")


async def test_a_mail_that_is_not_taken_is_a_failure_that_says_nothing_secret(inbox: Inbox) -> None:
    address = inbox.url.removeprefix("smtp://")
    urls = (f"smtp://user:hunter2@{address}", f"smtp://127.0.0.1:{free_port()}", f"smtps://{address}")
    for url in urls:
        with pytest.raises(ProviderFailed, match="did not take") as failed:
            await SmtpMailer(url, "a@b.c").send(MAIL)
        assert "hunter2" not in failed.value.message
    assert inbox.mails == []


async def test_a_password_goes_only_over_tls() -> None:
    seen: list[Any] = []

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        seen.append(data)
        return AuthResult(success=True)

    port = free_port()
    controller = PatientController(
        Inbox(port), hostname="127.0.0.1", port=port, authenticator=authenticate, auth_require_tls=False
    )
    controller.start()
    try:
        with pytest.raises(ProviderFailed):
            await SmtpMailer(f"smtp://user:hunter2@127.0.0.1:{port}", "a@b.c").send(MAIL)
    finally:
        controller.stop()
    assert seen == []


@pytest.mark.parametrize(
    ("address", "arrives"),
    [("ada@exämple.org", "ada@xn--exmple-cua.org"), ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
     ("ada@straße.de", "ada@xn--strae-oqa.de"), ("op@localhost", "op@localhost")],
)  # fmt: skip
async def test_an_international_domain_is_written_as_every_server_takes_it(
    inbox: Inbox, address: str, arrives: str
) -> None:
    await SmtpMailer(inbox.url, "a@b.c").send(Mail(address, "x", "y"))
    assert len(inbox.to(arrives)) == 1


async def test_an_international_name_is_sent_where_the_server_takes_one_and_a_clear_failure_elsewhere(
    inbox: Inbox,
) -> None:
    try:
        await SmtpMailer(inbox.url, "a@b.c").send(Mail("jürgen@example.org", "x", "y"))
    except ProviderFailed as failed:
        assert "SMTPNotSupportedError" in failed.message
