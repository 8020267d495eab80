"""Signing in with an Ethereum account (EIP-4361): it is added on the settings page first, and then is a way in.

A text is written by us and used once; whatever differs from what we wrote lets nobody in. No account is made by it.
"""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import NotSignedIn, Refused
from app.domain.people import accounts, sessions, sign_in_texts
from app.domain.people.accounts import ProvenIdentity
from app.domain.people.sign_in_texts import Issued, TextOutdated
from app.flows.people.sign_in import ADD, SignInRules, Visit, find_person, let_in, once_more
from app.formats.ethereum import sign_in_text
from app.formats.ethereum.sign_in_text import SignInText, TextInvalid
from app.ports.chain.signer import WalletSignatures
from app.ports.chain.values import AddressInvalid

log = structlog.get_logger()

METHOD = "ethereum"
STATEMENT = "Sign in to Coinslot. This costs nothing and moves nothing."
ADD_STATEMENT = "Add this account as a way to sign in to Coinslot. This costs nothing and moves nothing."


class UnknownAccount(Refused):
    """An Ethereum account that nobody has added as a way to sign in."""

    code = "unknown_account"


@dataclass(frozen=True, slots=True)
class EthereumSignIn:
    """Who comes with a signature. `site` is this instance's own address, `chain_id` the chain that texts name."""

    signatures: WalletSignatures
    chain_id: int
    site: str

    async def begin(self, visit: Visit, address: str) -> tuple[str, str]:
        """Returns the text that an address is to sign, and what the browser keeps to use it.

        Raises AddressInvalid, LimitReached; NotSignedIn where it is to be added to nobody.
        """
        written = self.signatures.checksummed(address.strip())
        person = await find_person(visit.session_token) if visit.is_adding else None
        if visit.is_adding and person is None:
            raise NotSignedIn("Sign in before you add an Ethereum account.")
        if person is not None:
            person.check_fresh(ADD)
        issue = partial(
            sign_in_texts.issue, address=written, chain_id=self.chain_id, network_address=visit.address,
            account_id=None if person is None else person.account_id,
        )  # fmt: skip
        issued, kept = await db.in_transaction(issue, writes=True)
        return self._text(issued).write(), kept

    async def enter(self, rules: SignInRules, kept: str, text: str, signature: str, visit: Visit) -> str:
        """Uses a text up, and returns the value of the session's cookie.

        `text` is what was signed, as `0x` and the digits of its bytes. Raises TextOutdated; TextInvalid for
        another text than was asked for, AddressInvalid for another signature; UnknownAccount for one that nobody added.
        """
        issued = await db.in_transaction(partial(sign_in_texts.use, browser_token=kept), writes=True)
        said = sign_in_text.read_hex(text)
        if sign_in_text.read(said) != self._text(issued):
            raise TextInvalid("This is not the text that was to be signed.")
        if self.signatures.signer_of_message(said, signature.strip()) != issued.address:
            raise AddressInvalid(f"This text was signed by another account than {issued.address}.")
        identity = sign_in_texts.identity_of(issued.address)
        return await once_more(lambda session: _enter(session, rules, identity, issued.account_id, visit))

    def _text(self, issued: Issued) -> SignInText:
        return SignInText(
            urlsplit(self.site).netloc, issued.address, STATEMENT if issued.account_id is None else ADD_STATEMENT,
            f"{self.site}/signin/", issued.chain_id, issued.nonce, clock.to_iso(issued.issued_at),
            clock.to_iso(issued.expires_at),
        )  # fmt: skip


def _enter(session: Session, rules: SignInRules, identity: ProvenIdentity, account_id: str | None, visit: Visit) -> str:
    """Lets in whom the identity leads to, or adds it to whoever asked for that and is still signed in."""
    before = None if visit.session_token is None else sessions.find_person(session, visit.session_token)
    is_adding = account_id is not None and before is not None and before.account_id == account_id
    if account_id is not None and not is_adding:
        raise TextOutdated("Whoever asked to add this account is no longer signed in. Sign in and add it again.")
    if not is_adding and accounts.find_account(session, identity) is None:
        log.info("sign_in", step="unknown_account", method=METHOD)
        raise UnknownAccount(f"{identity.label} leads to no account here. Sign in another way and add it in settings.")
    return let_in(session, rules, (identity,), account_id, METHOD, None, visit)
