"""Drafts of paywalls: what was chosen so far, whose it is, and how long it is kept (`decisions.md` 34).

A draft has the id of the paywall that it becomes, so that keys are sealed for that from the beginning, and so that the
paywall is made once, however often that is asked.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.drafts.tables import PaywallDraft
from app.domain.errors import BadField, NotFound
from app.domain.ids import as_id, new_id
from app.domain.money import Environment
from app.domain.paywalls.modes import RULES, Mode, ModeRules
from app.domain.paywalls.provider import ProviderSetting, check_allowed
from app.sql.columns import table_of

KEPT_SECONDS = 30 * 24 * 60 * 60
"""How long a draft is kept after its last change."""
WAITING_SECONDS = 24 * 60 * 60
"""How long the first request of a paywall is waited for after it was made."""
MARKUP_BASIS_POINTS = 2_000
"""The markup that a new draft begins with."""

_DRAFTS = table_of(PaywallDraft)


@dataclass(frozen=True, slots=True)
class PlannedProvider:
    """Who shall serve it, its key sealed for the paywall to come, and the models that it listed when it was tried.

    `problem` says why it could not be reached; it lists no models then. `answered_by` is the model whose answer proved
    its key; where none did, `doubt` says why.
    """

    setting: ProviderSetting
    models: tuple[str, ...] = ()
    problem: str = ""
    answered_by: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """The account at the rail whose restricted key was tried, sealed for the draft; `label` is how it is shown."""

    key_sealed: str
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was chosen so far. A step that was not taken yet is None; `account` is None where that comes later.

    `request_nanos` are asked per request beside its tokens and `minimum_nanos` at least, in the unit of the mode.
    """

    app_name: str
    mode: Mode
    environment: Environment
    provider: PlannedProvider | None = None
    has_payments: bool = False
    account: PlannedAccount | None = None
    markup_basis_points: int = MARKUP_BASIS_POINTS
    request_nanos: int = 0
    minimum_nanos: int = 0

    @property
    def rules(self) -> ModeRules:
        """What is true of every paywall of its mode."""
        return RULES[self.mode]

    @property
    def has_own_prices(self) -> bool:
        """Whether its prices are the developer's own, and follow the catalogue no more."""
        return bool(self.request_nanos or self.minimum_nanos)

    def is_for(self, mode: Mode, environment: Environment) -> bool:
        """Tells whether it is of that mode and environment."""
        so_chosen = replace(self, mode=mode, environment=environment)
        return so_chosen == self

    def to_json(self) -> dict[str, Any]:
        """Returns what is stored."""
        return asdict(self)

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "Plan":
        """Reads what was stored."""
        provider, account = stored["provider"], stored["account"]
        if provider is not None:
            setting = ProviderSetting.from_json(provider["setting"])
            provider = PlannedProvider(**{**provider, "setting": setting, "models": tuple(provider["models"])})
        return Plan(**{
            **stored, "mode": Mode(stored["mode"]), "environment": Environment(stored["environment"]),
            "provider": provider, "account": account and PlannedAccount(**account),
        })  # fmt: skip

    def as_chosen(self, app_name: str, mode: Mode, environment: Environment) -> "Plan":
        """Returns it for another choice of the first step, without what that one does not allow."""
        if self.is_for(mode, environment):
            return replace(self, app_name=app_name)
        provider = self.provider if self.provider is not None and _may_stay(self.provider, mode, environment) else None
        return replace(self, app_name=app_name, mode=mode, environment=environment, provider=provider,
                       has_payments=False, account=None)  # fmt: skip


def _may_stay(provider: PlannedProvider, mode: Mode, environment: Environment) -> bool:
    try:
        check_allowed(mode, environment, provider.setting)
    except BadField:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Asked:
    """The first link that a new paywall sent in an answer's place; `reason` is why, as events say it."""

    user: str
    reason: str
    model: str
    request_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is read: `paywall_id` is the paywall that it becomes, or became at `made_at`."""

    paywall_id: str
    account_id: str
    plan: Plan
    changed_at: int
    made_at: int | None = None
    asked: Asked | None = None

    @property
    def is_made(self) -> bool:
        """Whether its paywall is there."""
        return self.made_at is not None

    @property
    def key_context(self) -> str:
        """What the key of a rail is sealed for while it waits here."""
        return f"draft_key:{self.paywall_id}"


def find_open(session: Session, account_id: str, *, is_locked: bool = False) -> Draft | None:
    """Returns the draft that an account is at, None for none."""
    statement = select(PaywallDraft).where(_DRAFTS.c.account_id == account_id, _DRAFTS.c.made_at.is_(None))
    row = session.scalar(statement.with_for_update() if is_locked else statement)
    return None if row is None else _draft(row)


def read_own(session: Session, account_id: str, paywall_id: str, *, is_locked: bool = False) -> Draft:
    """Returns an account's draft, made or not. Raises NotFound for anybody else's."""
    return _draft(_own(session, account_id, paywall_id, is_locked=is_locked))


def begin(session: Session, account_id: str, plan: Plan) -> Draft:
    """Keeps a new draft; of two that an account begins at once, the second fails on its row."""
    now = clock.now()
    row = PaywallDraft(paywall_id=new_id("pw"), account_id=account_id, content=plan.to_json(), created_at=now,
                       changed_at=now)  # fmt: skip
    session.add(row)
    session.flush()
    return _draft(row)


def change(session: Session, draft: Draft, plan: Plan) -> Draft:
    """Keeps what was chosen now. Raises NotFound for one that is gone."""
    row = _own(session, draft.account_id, draft.paywall_id, is_locked=True)
    row.content, row.changed_at = plan.to_json(), clock.now()
    session.flush()
    return _draft(row)


def note_made(session: Session, draft: Draft) -> None:
    """Notes that the paywall is there: nothing of what was chosen is kept, and its first request is waited for."""
    row = _own(session, draft.account_id, draft.paywall_id, is_locked=True)
    plan = replace(draft.plan, provider=None, account=None)
    row.content, row.changed_at, row.made_at = plan.to_json(), clock.now(), clock.now()
    session.flush()


def drop(session: Session, account_id: str, paywall_id: str) -> None:
    """Forgets an account's draft, or that the first request of what became of it is waited for."""
    session.delete(_own(session, account_id, paywall_id, is_locked=True))
    session.flush()


def is_awaited(session: Session, paywall_id: str) -> bool:
    """Tells whether somebody waits for a paywall's first request."""
    found = select(_DRAFTS.c.made_at).where(_DRAFTS.c.paywall_id == paywall_id)
    return session.scalar(found) is not None


def note_asked(session: Session, paywall_id: str, asked: Asked) -> None:
    """Keeps the first link of a paywall whose first request is waited for; nothing happens for any other."""
    row = session.get(PaywallDraft, paywall_id, with_for_update=True, populate_existing=True)
    if row is not None and row.made_at is not None and row.asked is None:
        row.asked, row.changed_at = asdict(asked), clock.now()
        session.flush()


def forget_old(session: Session) -> int:
    """Deletes drafts that nobody has changed for long, and ends the waiting for first requests; returns how many."""
    now = clock.now()
    kept, waiting = (now - seconds * clock.SECOND for seconds in (KEPT_SECONDS, WAITING_SECONDS))
    is_old = (_DRAFTS.c.changed_at < kept) | (_DRAFTS.c.made_at.is_not(None) & (_DRAFTS.c.changed_at < waiting))
    return int(session.execute(delete(_DRAFTS).where(is_old)).rowcount)  # type: ignore[attr-defined]


def _own(session: Session, account_id: str, paywall_id: str, *, is_locked: bool) -> PaywallDraft:
    row = session.get(PaywallDraft, as_id(paywall_id), with_for_update=is_locked or None, populate_existing=True)
    if row is None or row.account_id != account_id:
        raise NotFound("This draft is not there any more.")
    return row


def _draft(row: PaywallDraft) -> Draft:
    asked = None if row.asked is None else Asked(**row.asked)
    return Draft(row.paywall_id, row.account_id, Plan.from_json(row.content), row.changed_at, row.made_at, asked)
