"""What the wizard shows, ready to be read: what was chosen so far, what it costs, and which step comes next. No key."""

from dataclasses import dataclass, field, replace

from app import wiring
from app.db import Session
from app.domain.drafts.drafts import Draft, Plan
from app.domain.errors import BadField
from app.domain.money import Environment, format_decimal, format_for_people, format_fraction
from app.domain.paywalls.provider import BUILT_IN, DEMO
from app.flows.drafts.planned import ModelEstimate, estimate, plan_prices
from app.flows.drafts.steps import ChosenPrices, priced
from app.web.developer.wizard.words import STEPS

ROWS_MAX = 12
"""How many models the preview of prices shows."""


@dataclass(frozen=True)
class PriceRow:
    """What a model costs a user: per million tokens, and a typical chat with what is left of it."""

    model: str = ""
    input: str = ""
    output: str = ""
    chat: str = ""
    left: str = ""


@dataclass(frozen=True)
class PricesPart:
    """The preview of prices; `problem` is beside the field `field`."""

    rows: list[PriceRow] = field(default_factory=list)
    priced: str = ""
    unpriced: str = ""
    field: str = ""
    problem: str = ""
    are_own: bool = False


@dataclass(frozen=True)
class WizardPage:
    """Everything that was chosen, and what may be chosen. `reached` is the number of the furthest open step."""

    has_draft: bool = False
    id: str = ""
    reached: int = 0
    app_name: str = ""
    mode: str = "default"
    environment: str = "sandbox"
    kind: str = ""
    unit: str = ""
    has_demo: bool = True
    may_use_built_in: bool = False
    has_built_in: bool = False
    provider: str = ""
    provider_host: str = ""
    base_url: str = ""
    has_key: bool = False
    models: str = ""
    provider_problem: str = ""
    answered_by: str = ""
    provider_doubt: str = ""
    has_app_wallets: bool = True
    has_payments: bool = False
    account: str = ""
    key_page: str = ""
    key_start: str = ""
    permissions: list[str] = field(default_factory=list)
    markup: str = "20"
    fee: str = ""
    minimum: str = ""


def wizard_page(draft: Draft | None) -> WizardPage:
    """Returns what a draft shows; the first step's own choices where there is none yet."""
    if draft is None:
        return WizardPage()
    wired, plan, provider = wiring.get(), draft.plan, draft.plan.provider
    accounts, is_sandbox = wired.stripe.accounts, plan.environment is Environment.SANDBOX
    setting = None if provider is None else provider.setting
    chosen = "" if setting is None else setting.name if setting.name in (DEMO, BUILT_IN) else "own"
    return WizardPage(
        has_draft=True,
        id=draft.paywall_id,
        reached=_reached(plan),
        app_name=plan.app_name,
        mode=plan.mode.value,
        environment=plan.environment.value,
        kind=f"{plan.mode.value.capitalize()}, {plan.environment.value}, {plan.rules.unit.value}",
        unit=plan.rules.unit.value,
        has_demo=is_sandbox,
        may_use_built_in=plan.rules.may_use_built_in and not is_sandbox,
        has_built_in=bool(wired.settings.openrouter_key.get_secret_value()),
        provider=chosen,
        base_url="" if setting is None else setting.base_url,
        has_key=setting is not None and setting.key_sealed is not None,
        models="" if provider is None or provider.problem else _count(len(provider.models), "model"),
        provider_problem="" if provider is None else provider.problem,
        answered_by="" if provider is None else provider.answered_by,
        provider_doubt="" if provider is None else provider.doubt,
        has_app_wallets=plan.rules.has_app_wallets,
        has_payments=plan.has_payments,
        account="" if plan.account is None else plan.account.label,
        key_page=accounts.key_page(plan.environment),
        key_start="rk_test_…" if is_sandbox else "rk_live_…",
        permissions=[permission.name for permission in accounts.permissions()],
        markup=format_fraction(plan.markup_basis_points, 100),
        fee=format_decimal(plan.request_nanos) if plan.request_nanos else "",
        minimum=format_decimal(plan.minimum_nanos) if plan.minimum_nanos else "",
    )


def _reached(plan: Plan) -> int:
    """Returns the number of the furthest step that is open: each needs the one before."""
    if plan.provider is None:
        return STEPS.index("Provider")
    return STEPS.index("Prices") if plan.has_payments else STEPS.index("Payments")


def read_prices(session: Session, plan: Plan, chosen: ChosenPrices) -> PricesPart:
    """Reads what these prices mean for users; what is wrong with one is said beside its field."""
    rules = wiring.get().parts.rules
    try:
        wanted = priced(plan, chosen)
        found = plan_prices(session, rules, wanted)
    except BadField as error:
        return PricesPart(field=error.field or "", problem=error.message)
    rows = [_price(plan, estimate(rules, wanted, one)) for one in found.priced[:ROWS_MAX]]
    return PricesPart(
        rows=rows,
        priced=_count(len(found.priced), "model") + " with a price",
        unpriced=f"{len(found.unpriced)} not priced" if found.unpriced else "",
        are_own=wanted.has_own_prices,
    )


def _price(plan: Plan, found: ModelEstimate) -> PriceRow:
    def money(nanos: int) -> str:
        return format_for_people(nanos, plan.rules.unit)

    return PriceRow(found.model, money(found.input_nanos), money(found.output_nanos), money(found.chat_nanos),
                    money(found.left_nanos))  # fmt: skip


def with_problem(part: PricesPart, error: BadField) -> PricesPart:
    """Returns what was shown, with what is wrong with what was typed since."""
    return replace(part, field=error.field or "", problem=error.message)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
