"""Single users of a paywall: the developer blocks them, an operator freezes their wallet in it, and both undo that."""

from dataclasses import dataclass

from app.domain.errors import WrongMode
from app.domain.ledger.apply import apply_one
from app.domain.paywalls.changes import Section
from app.domain.paywalls.members import Act
from app.domain.paywalls.versions import Edition
from app.domain.wallets import freezes as reasons
from app.domain.wallets.tables import FreezeReason
from app.domain.wallets.wallets import UserWallet, app_wallet, block_user, check_user, open_wallet
from app.flows.paywalls.change import Part


@dataclass(frozen=True, slots=True)
class Block:
    """Whether a user, by the app's own id, is refused for their next charged request."""

    user: str
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Freeze:
    """Whether a user's wallet in this paywall may not be charged."""

    user: str
    is_frozen: bool


def blocks() -> Part[Block, None]:
    """Returns the part that blocks users. It raises BadField for an id that nobody can have."""

    def edit(edition: Edition, wanted: Block) -> None:
        block_user(edition.session, _wallet(edition, wanted.user), is_blocked=wanted.is_blocked)

    def describe(wanted: Block, _: None) -> dict[str, object]:
        return {"user": wanted.user, "blocked": wanted.is_blocked}

    return Part(Section.USERS, edit, describe)


def freezes() -> Part[Freeze, None]:
    """Returns the part that freezes wallets, and takes back only that: what a dispute froze stays so.

    It raises BadField, and WrongMode where a wallet is no app's own.
    """

    def edit(edition: Edition, wanted: Freeze) -> None:
        if not edition.paywall.rules.has_app_wallets:
            raise WrongMode("The wallets of this paywall's users are their own; an account's wallet is frozen as one.")
        wallet = _wallet(edition, wanted.user)
        open_wallet(edition.session, wallet)
        change = reasons.freeze if wanted.is_frozen else reasons.thaw
        for bump in change(edition.session, wallet.id, FreezeReason.OPERATOR):
            apply_one(edition.session, bump)

    def describe(wanted: Freeze, _: None) -> dict[str, object]:
        return {"user": wanted.user, "frozen": wanted.is_frozen}

    return Part(Section.USERS, edit, describe, Act.FREEZE)


def _wallet(edition: Edition, user: str) -> UserWallet:
    paywall = edition.paywall
    return app_wallet(paywall.id, check_user(user, "user"), paywall.environment, paywall.unit)
