"""A manual one-off charge by an app: held and settled at once, with a receipt, once per Idempotency-Key."""

from dataclasses import dataclass, field
from typing import Any

from app import db
from app.commit_queue import CommitQueue
from app.domain.cards.sums import Use
from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.errors import Blocked, InsufficientFunds, KeyConflict, StaleDecision, StillRunning
from app.domain.events.request_events import OF_MANUAL
from app.domain.ids import new_id
from app.domain.ledger.operations import Applied, Charge
from app.domain.money import format_for_people
from app.domain.paywalls.configuration import UserPlace
from app.domain.paywalls.messages import CHARGE_MESSAGES
from app.domain.rows import Row
from app.domain.usage import requests
from app.domain.usage.idempotency import Claim, keep_answer, read_answer
from app.domain.usage.requests import UNLABELLED, Asked, Labels
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import UserWallet
from app.flows.callers.asked import REASONS, Action, Ask, message_text, with_beside
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.callers.user import Standing
from app.flows.cards.auto_topup import AutoTopups
from app.flows.limits.spending import SpendLimits, first_reached, spending_text
from app.flows.orders.known import Orders, check_charged


@dataclass(frozen=True, slots=True)
class ChargeAnswer:
    """`message` can be shown to the user as it is; `id` is the receipt's, None when nothing was charged.

    Where a link helps, `ask` says what for, and the caller of this flow makes link and message (`ask_text`).
    """

    success: bool
    message: str
    id: str | None
    is_replay: bool = False
    refusal: str | None = None
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Charges:
    """Charges that apps make themselves, in one process; `fee_basis_points` is the platform's share."""

    queue: CommitQueue
    standings: Standings
    spending: SpendLimits
    fee_basis_points: int
    topups: AutoTopups | None = None
    _orders: Orders = field(default_factory=Orders)

    async def charge(
        self, snapshot: Snapshot, user: str, amount_nanos: int, details: dict[str, Any] | None, claimed: Claim | None,
        request_id: str, client_request_id: str | None, user_from: UserPlace | None = None, labels: Labels = UNLABELLED,
    ) -> ChargeAnswer:  # fmt: skip
        """Charges a user's wallet, or says why it cannot pay. Raises KeyReused, StaleDecision, Blocked, Unavailable.

        With a claim the money moves once, however often and however concurrently it is asked for.
        """
        if claimed is not None and (first := await _first_answer(claimed)):
            return first
        standing = await self.standings.find(snapshot, user)
        _check(standing, snapshot.configuration.app_name)
        if standing.wallet is None:
            return _refused(Action.AUTHORIZE)
        if unchosen := await self._unchosen(snapshot, user, labels):
            return unchosen
        wallet, terms = standing.wallet, terms_of(snapshot.mode, None, self.fee_basis_points)
        charge_id = new_id("chg") if claimed is None else f"chg:{claimed.id}"
        asked = Asked(request_id, client_request_id, wallet, RequestKind.MANUAL, model=None, provider=None,
                      streamed=False, unit=snapshot.unit, price=None, terms=terms, user_from=user_from,
                      is_told=not snapshot.told.isdisjoint(OF_MANUAL), key_id=snapshot.key_id,
                      paywall_version=snapshot.version, labels=labels)  # fmt: skip
        text = f"{format_for_people(amount_nanos, snapshot.unit)} was charged for {snapshot.configuration.app_name}."

        def beside(charged: Applied) -> list[Row]:
            row: list[Row] = [requests.record_manual(asked, charged, details)]
            first = {"success": True, "message": text, "id": request_id}
            return row if claimed is None else [*row, keep_answer(claimed, first)]

        limits = await self.spending.open(snapshot, user)
        budgets = standing.budgets + tuple(limit.budget_id for limit in limits)
        split = charge_split(wallet.account, snapshot.paywall_id, terms)
        operation = Charge(charge_id, wallet.account, amount_nanos, split, request_id, budgets,
                           snapshot.epochs + standing.epochs)  # fmt: skip
        try:
            applied = await self.queue.commit(operation, beside)
        except InsufficientFunds as refusal:
            if (reached := await first_reached(limits, refusal)) is not None:
                text = spending_text(reached, snapshot)
                return ChargeAnswer(False, text, None, refusal=f"spend_per_{reached.period}")
            return await self._short(refusal, standing, wallet)
        except StaleDecision:
            self.standings.forget(snapshot, user)
            raise
        except KeyConflict:
            if claimed is None:
                raise
            # Another amount with the same key was first; reading its answer tells whose key it is.
            return await _first_answer(claimed) or _lost(claimed)
        if applied.is_replay and claimed is not None:
            return await _first_answer(claimed) or _lost(claimed)
        self._look(standing, wallet, applied)
        return ChargeAnswer(True, text, request_id)

    async def _unchosen(self, snapshot: Snapshot, user: str, labels: Labels) -> ChargeAnswer | None:
        """Asks who pays where an order's user has not chosen. Raises BadField where nothing is charged under it."""
        order = await self._orders.find(snapshot, user, labels.order)
        check_charged(order)
        if order is None or order.billing is not None:
            return None
        ask = Ask(Action.ORDER, order_id=order.id)
        return ChargeAnswer(False, "", None, refusal=REASONS[ask.action], ask=ask)

    def _look(self, standing: Standing, wallet: UserWallet, applied: Applied) -> None:
        """Lets a wallet be looked at that fills itself, where a charge has left it too little."""
        below = standing.tops_up_below
        if self.topups is not None and below is not None and applied.balance < below:
            self.topups.settled(wallet.id, Use(wallet.paywall_id, wallet.user))

    async def _short(self, refusal: InsufficientFunds, standing: Standing, wallet: UserWallet) -> ChargeAnswer:
        """Says whether the user's own cap was in the way, or their money: then who fills the wallet is asked."""
        shortfall, beside = max(refusal.needed_nanos - refusal.available_nanos, 0), ""
        if refusal.short_of in standing.budgets:
            return _refused(Action.LIMIT, shortfall)
        if self.topups is not None and standing.tops_up_below is not None:
            beside = await self.topups.refused(wallet.id, Use(wallet.paywall_id, wallet.user))
        return _refused(Action.TOPUP, shortfall, beside)


def _check(standing: Standing, app_name: str) -> None:
    if standing.is_blocked or standing.is_frozen:
        code = "user_blocked" if standing.is_blocked else "wallet_frozen"
        raise Blocked(f"This user cannot be charged in {app_name}.", code)


def _refused(action: Action, shortfall_nanos: int = 0, beside: str = "") -> ChargeAnswer:
    ask = Ask(action, shortfall_nanos, beside=beside)
    return ChargeAnswer(False, "", None, refusal=REASONS[action], ask=ask)


def ask_text(snapshot: Snapshot, ask: Ask, url: str) -> str:
    """Returns what a user is told whose charge could not be made, with the link, in the developer's words if any."""
    return with_beside(message_text(snapshot, ask.action, url, ask.shortfall_nanos, CHARGE_MESSAGES), ask)


async def _first_answer(claimed: Claim) -> ChargeAnswer | None:
    stored = await db.in_transaction(lambda session: read_answer(session, claimed))
    return ChargeAnswer(stored["success"], stored["message"], stored["id"], is_replay=True) if stored else None


def _lost(claimed: Claim) -> ChargeAnswer:
    raise StillRunning(f"The first request of {claimed.id} has not been answered yet.")
