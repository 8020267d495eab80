"""Whose key an account's call carries."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from app.api.common.body import parse_json
from app.api.common.caller import check_simulated
from app.api.common.dependencies import Payer
from app.api.common.visitor import address_of
from app.domain.errors import BadField, WrongMode
from app.domain.ledger.accounts import Account
from app.domain.people.sessions import Person
from app.domain.plain_json import check_plain
from app.domain.wallets.shared import shared_account
from app.flows.callers.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Owner:
    """An account by its key, and the operator's paywall as that key sees it. `address` is the network that calls."""

    account_id: str
    snapshot: Snapshot
    address: str

    @property
    def account(self) -> Account:
        """The ledger account of its credits."""
        return shared_account(self.account_id, self.snapshot.environment, self.snapshot.unit)

    @property
    def person(self) -> Person:
        """The account as flows know whoever acts: by no session, so that nothing is proven."""
        return Person(self.account_id, session_id="", name="", email=None, proven_email=None, address=self.address)


async def _owner(request: Request, payer: Payer) -> Owner:
    """Returns whose key it is. Raises WrongMode for an app's, LimitReached where a header asks for that."""
    if payer.account_id is None:
        raise WrongMode("This is an app's key: an account's own, made in its settings, is what this wants.")
    check_simulated(payer.environment, request.headers.get("x-paywall-simulate"))
    return Owner(payer.account_id, payer, address_of(request))


Own = Annotated[Owner, Depends(_owner)]
"""The account whose key the request carries."""


async def _body(request: Request, _own: Own) -> dict[str, Any]:
    raw = await request.body()  # it came whole, and within its limits, before the request was handed on
    content = await parse_json(raw)
    if not isinstance(content, dict):
        raise BadField(None, "The body must be a JSON object.", "invalid_json")
    check_plain(content)
    return content


OwnBody = Annotated[dict[str, Any], Depends(_body)]
"""The object in the body of an account's call; whose key it is is known before."""
