"""Whose key an account's call carries."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from app.api.common.dependencies import Payer
from app.domain.errors import WrongMode
from app.flows.callers.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Owner:
    """An account by its key, and the operator's paywall as that key sees it."""

    account_id: str
    snapshot: Snapshot


async def _owner(payer: Payer) -> Owner:
    """Returns whose key it is. Raises WrongMode for an app's."""
    if payer.account_id is None:
        raise WrongMode("This is an app's key: an account's own, made in its settings, is what this wants.")
    return Owner(payer.account_id, payer)


Own = Annotated[Owner, Depends(_owner)]
"""The account whose key the request carries."""
