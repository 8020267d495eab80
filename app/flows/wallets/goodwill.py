"""An operator gives a person money for goodwill, once for each click: trial money, out of the operator's own grants."""

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField, KeyConflict, KeyReused, Refused
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.ledger.tables import LedgerPosting
from app.domain.money import NANOS, format_for_people
from app.domain.operators.operators import Operator, note_change
from app.domain.wallets.freezes import find_wallet
from app.domain.wallets.trial import INSTANCE

GOODWILL_NANOS_MAX = 1_000 * NANOS
REASON_CHARACTERS_MAX = 200


async def give(operator: Operator, wallet_id: str, nanos: int, reason: str, click_id: str) -> None:
    """Gives a person's wallet money that is spent first and never paid out; `click_id` is of one shown button.

    Raises NotFound, BadField for amount or reason, Refused for an app's own wallet, which its developer fills;
    KeyReused for another gift under the same click.
    """
    if not 0 < nanos <= GOODWILL_NANOS_MAX:
        raise BadField("amount", f"Give more than 0, and at most {GOODWILL_NANOS_MAX // NANOS}.")
    if not reason or len(reason) > REASON_CHARACTERS_MAX or not reason.isprintable():
        raise BadField("reason", f"Say why, in one line of at most {REASON_CHARACTERS_MAX} characters.")

    def write(session: Session) -> None:
        wallet = find_wallet(session, wallet_id)
        if wallet.paywall_id is not None:
            raise Refused("This is an app's own wallet; its developer gives money there, on the page of the user.")
        account = wallet.account
        details = {"reason": reason}
        gift = Transfer(account.beside(Kind.GRANTS, INSTANCE), account.promo, nanos, "grant", details=details)
        post = Post(f"goodwill:{derived_id('gra', wallet.id, click_id)}", (gift,))
        is_replay = session.get(LedgerPosting, post.key) is not None
        apply_one(session, post)  # which tells of another gift under the same click
        if not is_replay:
            given = format_for_people(nanos, account.unit)
            note_change(session, operator, wallet.id, {"given": given, "reason": reason})

    try:
        await db.in_transaction(write, writes=True)
    except KeyConflict:
        raise KeyReused("This was asked before, for another gift.") from None
