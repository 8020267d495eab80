"""Where a charge goes: all of it the paywall's (virtual) revenue in default mode, split in the others.

The receipt is made of the same parts, so it says what the ledger did.
"""

from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.operations import Collected, Split, Transfer
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.provider import BUILT_IN, DEMO
from app.domain.pricing.split import SplitTerms, part_of_cost, split_charge
from app.domain.wallets.trial import INSTANCE


def terms_of(mode: Mode, provider: str | None, fee_basis_points: int) -> SplitTerms | None:
    """Returns what a charge is split by; None where it is not. A manual charge has no provider, and no cost.

    The demo provider stands for the operator's in the sandbox.
    """
    rules = RULES[mode]
    if rules.is_operators:
        return SplitTerms(0, provider in (BUILT_IN, DEMO), is_operators=True)
    return SplitTerms(fee_basis_points, provider in (BUILT_IN, DEMO)) if rules.is_split else None


def charge_split(
    wallet: Account, paywall_id: str, terms: SplitTerms | None, cost_nanos: int = 0, provider: str | None = None
) -> Split:
    """Returns the split of a charge on a wallet, for an answer that cost `cost_nanos`.

    What the provider is owed beyond the charge becomes the paywall's shortfall.
    """

    def to_revenue(collected: Collected) -> list[Transfer]:
        revenue = wallet.beside(Kind.REVENUE, paywall_id)
        parts = ((wallet.promo, collected.from_promo), (wallet, collected.from_wallet))
        return [Transfer(account, revenue, amount, "charge") for account, amount in parts if amount]

    def to_all(collected: Collected) -> list[Transfer]:
        assert terms is not None  # noqa: S101 - it is the function without terms otherwise
        cost = part_of_cost(cost_nanos, collected.wanted, collected.before)
        parts = split_charge(terms, cost, collected.from_promo, collected.from_wallet)
        kept_as = Kind.REVENUE if terms.is_operators else Kind.EARNINGS_PENDING
        owed = wallet.beside(Kind.PROVIDER_PAYABLE, provider or INSTANCE)
        lines = (
            (wallet.promo, owed, parts.provider_from_trial, "charge"),
            (wallet.promo, wallet.beside(Kind.GRANTS, INSTANCE), parts.returned, "charge"),
            (wallet, owed, parts.provider - parts.provider_from_trial, "charge"),
            (wallet, wallet.beside(Kind.PLATFORM_FEES, INSTANCE), parts.platform, "charge"),
            (wallet, wallet.beside(kept_as, paywall_id), parts.developer, "charge"),
            (wallet.beside(Kind.SHORTFALL, paywall_id), owed, parts.unpaid, "shortfall"),
        )
        return [Transfer(debit, credit, amount, kind) for debit, credit, amount, kind in lines if amount]

    return to_revenue if terms is None else to_all
