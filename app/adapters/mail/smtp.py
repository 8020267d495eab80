"""Mails over SMTP, in a thread: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…:465`."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from app.domain.errors import ProviderFailed
from app.ports.mail import Mail

SECONDS_MAX = 15
_PORTS = {"smtp": 587, "smtps": 465}


class SmtpMailer:
    """Sends through one server."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._sender = sender or f"coinslot@{self._host}"

    async def send(self, mail: Mail) -> None:
        """Hands a mail over. Raises ProviderFailed, without the server's words about our password."""
        try:
            await asyncio.to_thread(self._send, self._message(mail))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise ProviderFailed(f"The mail server did not take the mail ({type(error).__name__}).") from error

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, _in_ascii(mail.to), mail.subject
        message["Date"], message["Message-ID"] = formatdate(usegmt=True), make_msgid(domain="coinslot")
        message.set_content(mail.text)
        return message

    def _send(self, message: EmailMessage) -> None:
        with self._connect() as server:
            if self._scheme == "smtp":
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                elif self._user:
                    raise smtplib.SMTPNotSupportedError("A password is not sent without TLS.")
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS_MAX, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=SECONDS_MAX)


def _in_ascii(address: str) -> str:
    """Returns an address as every mail server takes it, if it can be: its domain in ASCII, where its name is.

    Another one needs a server with SMTPUTF8 (RFC 6531), which is asked for by itself.
    """
    name, _, domain = address.rpartition("@")
    if domain.isascii() or not name.isascii():
        return address
    from email_validator import validate_email  # takes a tenth of a second, and few addresses need it

    return f"{name}@{validate_email(address, check_deliverability=False).ascii_domain}"
