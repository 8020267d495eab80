"""What the list of a paywall's users shows, ready to be read."""

from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.errors import LinkInvalid
from app.domain.money import Unit
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limit_overrides import read_overrides
from app.domain.usage.last_use import read_last_use
from app.domain.wallets.bounds import Bound, BoundKind, Bounds, Standing, read_bounds
from app.domain.wallets.users import COUNTED_MAX, Barred, Place, User, count_users, list_users
from app.web.frame import routes
from app.web.frame.format import ago, fine, utc

ROWS_A_PAGE = 50
STANDINGS = {
    Standing.ACTIVE: ("Active", ""),
    Standing.BLOCKED: ("Blocked", "bad"),
    Standing.FROZEN: ("Frozen", "bad"),
    Standing.NOT_AUTHORIZED: ("Not authorized", "wait"),
}
BOUND_NAMES = {
    BoundKind.WALLET: "Wallet",
    BoundKind.CAP: "Cap of the user",
    BoundKind.USER_DAY: "Limit of this user, a day",
    BoundKind.USER_MONTH: "Limit of this user, a month",
    BoundKind.PAYWALL_DAY: "Limit of the paywall, a day",
    BoundKind.PAYWALL_MONTH: "Limit of the paywall, a month",
}


@dataclass(frozen=True)
class UserRow:
    """One user; `binds` is the bound that leaves the least, `until` until when, both empty where nobody can spend."""

    id: str = ""
    user: str = ""
    url: str = ""
    state: str = ""
    tone: str = ""
    spendable: str = ""
    binds: str = ""
    until: str = ""
    last_use: str = ""
    since: str = ""


@dataclass(frozen=True)
class UsersPage:
    """Everything on the page. `looked` says how far a search looked that did not look at everybody."""

    rows: list[UserRow] = field(default_factory=list)
    total: str = ""
    is_any: bool = False
    search: str = ""
    barred: str = Barred.ANY.value
    is_filtered: bool = False
    address: str = ""
    older: str = ""
    looked: str = ""
    clear: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the address asks for."""

    search: str = ""
    barred: str = Barred.ANY.value
    before: str = ""


def read_users_page(session: Session, paywall_id: str, wanted: Wanted) -> UsersPage:
    """Reads a page of a paywall's users, the newest first."""
    paywall, configuration = read_current(session, paywall_id)
    barred = Barred(wanted.barred) if wanted.barred in list(Barred) else Barred.ANY
    page = list_users(session, paywall.id, wanted.search, barred, _place(wanted.before), ROWS_A_PAGE)
    names = [user.id for user in page.users]
    bounds = read_bounds(session, paywall, configuration, read_overrides(session, paywall.id), names)
    last_uses = read_last_use(session, paywall.id, names)
    total, path = count_users(session, paywall.id), f"/paywalls/{paywall.id}/users/"
    kept = {"user": wanted.search, "state": "" if barred is Barred.ANY else barred.value}
    older = "" if page.following is None else wiring.get().links.mint_cursor(list(page.following))
    return UsersPage(
        rows=[_row(user, path, bounds[user.id], last_uses.get(user.id), paywall.unit) for user in page.users],
        total=_count(total),
        is_any=total > 0,
        search=wanted.search,
        barred=barred.value,
        is_filtered=bool(any(kept.values())),
        address=wiring.get().links.base_url + routes.with_query(path, **kept),
        older=routes.with_query(path, **kept, before=older) if older else "",
        looked="" if page.looked_until is None else f"Looked at users since {utc(page.looked_until)} UTC.",
        clear=path,
    )


def binding_words(bound: Bound | None) -> tuple[str, str]:
    """Says which bound binds, and until when."""
    if bound is None:
        return "", ""
    until = "" if bound.ends_at is None else f"until {utc(bound.ends_at)} UTC"
    return BOUND_NAMES[bound.kind], until


def _count(total: int) -> str:
    if total > COUNTED_MAX:
        return f"{COUNTED_MAX:,}+ users"
    return f"{total:,} user{'' if total == 1 else 's'}"


def _row(user: User, path: str, bounds: Bounds, last_use: int | None, unit: Unit) -> UserRow:
    state, tone = STANDINGS[bounds.standing]
    if bounds.standing is Standing.ACTIVE and bounds.spendable_nanos == 0:
        state, tone = "Nothing left", "wait"
    binds, until = binding_words(bounds.binding if bounds.standing is Standing.ACTIVE else None)
    own_id = user.place[1]
    return UserRow(
        id=own_id, user=user.id, url=f"{path}{own_id}/", state=state, tone=tone,
        spendable=fine(bounds.spendable_nanos, unit), binds=binds or state, until=until,
        last_use="" if last_use is None else ago(last_use), since=ago(user.since),
    )  # fmt: skip


def _place(cursor: str) -> Place | None:
    """Returns where a page begins; what is no cursor of ours begins at the newest."""
    try:
        at, own_id = wiring.get().links.open_cursor(cursor)
    except (LinkInvalid, ValueError):
        return None
    return (at, own_id) if isinstance(at, int) and isinstance(own_id, str) else None
