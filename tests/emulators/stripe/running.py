"""Control of the emulator itself: accounts and keys, faults, the clock, webhooks; and what there is to see."""

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from tests.emulators.stripe import keys
from tests.emulators.stripe.control import Unknown, book_of, find
from tests.emulators.stripe.faults import Fault, Planned
from tests.emulators.stripe.state import Switches, Thing, shown

if TYPE_CHECKING:
    from tests.emulators.stripe.server import Stripe

QUIET_SECONDS_MAX = 30


def account(stripe: "Stripe", name: str = "Emulated shop", country: str = "US", currency: str = "usd") -> Thing:
    """Opens an account, with a secret and a full restricted key in each mode."""
    made = stripe.bank.open_account(name, country, currency)
    everything = frozenset(keys.PERMISSIONS)
    found = {
        f"{kind}_{mode}": keys.issue(stripe.bank, made.id, is_live=mode == "live", permissions=permissions).text
        for mode in ("test", "live")
        for kind, permissions in (("sk", None), ("rk", everything))
    }
    return {"account": made.id, "keys": found}


def key(stripe: "Stripe", account: str, permissions: list[str] | None = None, live: bool = False) -> Thing:
    """Makes a key: restricted to the permissions, secret where there are none."""
    allowed = None if permissions is None else frozenset(permissions)
    made = keys.issue(stripe.bank, stripe.bank.accounts[account].id, is_live=live, permissions=allowed)
    return {"key": made.text}


def permissions(stripe: "Stripe", key: str, permissions: list[str]) -> Thing:
    """Changes what a restricted key may do."""
    stripe.bank.keys[key].permissions = frozenset(permissions)
    return {}


def revoke(stripe: "Stripe", key: str) -> Thing:
    """Lets a key expire."""
    stripe.bank.keys[key].is_expired = True
    return {}


def switch(stripe: "Stripe", account: str, **switches: Any) -> Thing:
    """Sets switches of an account, by their names in `state.Switches`."""
    found = stripe.bank.accounts[account]
    wrong = set(switches) - set(asdict(Switches()))
    if wrong:
        raise Unknown(f"There is no switch {sorted(wrong)[0]}.")
    found.switches = replace(found.switches, **switches)
    return asdict(found.switches)


def fault(stripe: "Stripe", kind: str, **fields: Any) -> Thing:
    """Plans a fault: the fields are those of `faults.Planned`."""
    try:
        stripe.plan.faults.append(Planned(Fault(kind), **fields))
    except (TypeError, ValueError) as error:
        raise Unknown(f"{error}.") from None
    return {}


def reset(stripe: "Stripe") -> Thing:
    """Forgets everything: accounts, keys, faults, deliveries, and what the clock was advanced by."""
    stripe.forget()
    return {}


def no_faults(stripe: "Stripe") -> Thing:
    """Forgets the faults that are still to come."""
    stripe.plan.forget()
    return {}


def advance(stripe: "Stripe", seconds: float) -> Thing:
    """Moves the clock forward; what is due by then has happened when this returns."""
    end = stripe.bank.clock.ahead_seconds + seconds
    while stripe.bank.waiting and stripe.bank.waiting[0][0] - stripe.bank.clock.now() <= (
        end - stripe.bank.clock.ahead_seconds
    ):
        stripe.bank.clock.ahead_seconds += max(stripe.bank.waiting[0][0] - stripe.bank.clock.now(), 0)
        stripe.tick()
    stripe.bank.clock.ahead_seconds = end
    stripe.tick()
    return {"now": stripe.bank.clock.now()}


def webhooks(
    stripe: "Stripe", account: str, lose: int | None = None, copies: int | None = None, hold: bool | None = None,
    live: bool = False,
) -> Thing:  # fmt: skip
    """Says how deliveries go from now on: the next `lose` vanish, each is sent `copies` times, or all are held."""
    mood = book_of(stripe, account, live=live).mood
    mood.lose = mood.lose if lose is None else lose
    mood.copies = mood.copies if copies is None else copies
    mood.is_held = mood.is_held if hold is None else hold
    return asdict(mood)


async def release(stripe: "Stripe", account: str, seed: int | None = None, live: bool = False) -> Thing:
    """Sends what is held or waits for its retry, in the order that a seed decides; returns once all was answered."""
    book = book_of(stripe, account, live=live)
    if stripe.session is None:
        return {"sent": 0}
    return {"sent": await stripe.post.release(book, stripe.session, seed=seed)}


def repeat(stripe: "Stripe", event: str) -> Thing:
    """Delivers an event again to each endpoint that had it."""
    book, found = find(stripe, event)
    return {"deliveries": stripe.post.repeat(book, found["id"])}


async def quiet(stripe: "Stripe") -> Thing:
    """Returns once nothing is on its way and nothing is due."""
    end = asyncio.get_running_loop().time() + QUIET_SECONDS_MAX
    while not stripe.post.is_quiet():
        stripe.tick()
        await asyncio.sleep(0.005)
        if asyncio.get_running_loop().time() > end:
            raise Unknown(f"Deliveries did not end within {QUIET_SECONDS_MAX} seconds.")
    return {}


def endpoint(stripe: "Stripe", endpoint: str, status: str) -> Thing:
    """Enables or disables an endpoint, as Stripe does to one that fails for days."""
    found = find(stripe, endpoint)[1]
    found["status"] = status
    return shown(found)


def look(stripe: "Stripe", account: str, kind: str | None = None, live: bool = False) -> Any:
    """Returns the objects of an account, the oldest first: of one kind, or all."""
    things = book_of(stripe, account, live=live).things.values()
    return [shown(thing) for thing in things if kind in (None, thing["object"])]


def deliveries(stripe: "Stripe", account: str, live: bool = False) -> Any:
    """Returns each delivery so far: its event, endpoint, outcome, attempts and last status."""
    book = book_of(stripe, account, live=live)
    return [
        {"event": one.event["id"], "type": one.event["type"], "endpoint": one.endpoint["id"], "outcome": one.outcome,
         "attempts": one.attempts, "status": one.status}
        for one in stripe.post.deliveries
        if one.book is book
    ]  # fmt: skip


def seen(stripe: "Stripe", account: str | None = None) -> Any:
    """Returns the API calls so far, without their keys."""
    return [one for one in stripe.seen if account in (None, one["account"])]
