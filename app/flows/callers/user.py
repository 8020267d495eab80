"""Who is meant by a request: an end user, as a paywall knows them."""

from app.domain.credentials.matching import OwnKey
from app.domain.errors import Blocked
from app.domain.ledger.operations import Epoch
from app.domain.record import record
from app.domain.wallets.wallets import UserWallet
from app.flows.callers.asked import Action, NoAction, Stopped


@record(frozen=True, slots=True)
class OwnStanding:
    """A user's own keys, as far as the caller may use them.

    Of an app `authorization_id` is the consent that says so, and `per_day` how many requests a day it allows; who calls
    for themselves has no such bound. With `go_first` a request that says nothing uses them.
    """

    keys: tuple[OwnKey, ...]
    authorization_id: str | None = None
    per_day: int | None = None
    go_first: bool = True


@record(frozen=True, slots=True)
class Standing:
    """What is known of a user in a paywall.

    `budgets` are the caps that their spending counts against, `may_use_priced` whether models that cost
    something are open to them. `wallet` is what they pay from, None while they have authorized nothing; `epochs`
    are what that rests on. In shared mode `account_id` is whose wallet it is, and `needs_month` says that this
    month's budget must be opened first. `tops_up_below` is the balance (nanos) below which the wallet fills itself,
    None for never. `own` is what may be used of their own keys, None for nothing.
    """

    is_blocked: bool = False
    is_frozen: bool = False
    is_authorized: bool = True
    may_use_priced: bool = True
    budgets: tuple[str, ...] = ()
    wallet: UserWallet | None = None
    epochs: tuple[Epoch, ...] = ()
    account_id: str | None = None
    needs_month: bool = False
    tops_up_below: int | None = None
    own: OwnStanding | None = None

    def asked_for(self, short_of: str | None, budgets: tuple[str, ...]) -> Stopped:
        """Returns what the user is asked for where this is short of what they pay; nothing by a developer's budget."""
        if short_of in self.budgets:
            return Action.LIMIT
        return NoAction.NONE if short_of in budgets else Action.TOPUP

    @property
    def payer(self) -> UserWallet:
        """What they pay from. Raises Blocked where they have authorized nothing."""
        if self.wallet is None:
            raise Blocked("This user has not authorized the app to charge them.", "authorization_required")
        return self.wallet
