"""The control route: everything that a test, or a person at a demo, does to the emulator that no API call does.

`POST /_emulator` with `{"do": NAME, …}`; the package's docstring lists the names. Each is a public function of
`running` or `banking`, its arguments are the fields. What is unknown is 400 with one sentence.
"""

import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.state import Book, Thing

if TYPE_CHECKING:
    from tests.emulators.stripe.server import Stripe


NEWEST = "newest "
"""What an id begins with that is none: a person at a demo knows no ids."""


class Unknown(Exception):
    """What the control route was asked for cannot be done."""


def actions(modules: Iterable[ModuleType]) -> dict[str, Callable[..., Any]]:
    """Returns what can be done, by name."""
    return {
        name: function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


async def do(stripe: "Stripe", known: dict[str, Callable[..., Any]], asked: dict[str, Any], base: str) -> Any:
    """Does one thing, and returns what it says; `base` is the emulator's own origin. Raises Unknown."""
    fields = {name: value for name, value in asked.items() if name != "do"}
    function = known.get(str(asked.get("do")))
    if function is None:
        raise Unknown(f"There is no {asked.get('do')!r}; there are {', '.join(sorted(known))}.")
    takes = inspect.signature(function)
    if "base" in takes.parameters:
        fields["base"] = base
    try:
        takes.bind(stripe, **fields)
    except TypeError as error:
        raise Unknown(f"{asked['do']}: {error}.") from None
    try:
        done = function(stripe, **fields)
        return await done if inspect.isawaitable(done) else done
    except Refused as refused:
        raise Unknown(refused.message) from None
    except KeyError as error:
        raise Unknown(f"There is no {error}.") from None


def book_of(stripe: "Stripe", account: str, *, live: bool) -> Book:
    """Returns an account's book of one mode."""
    return stripe.bank.book(account, is_live=live)


def find(stripe: "Stripe", thing_id: str) -> tuple[Book, Thing]:
    """Returns an object, wherever it is, and its book; `newest KIND` is the newest of a kind."""
    if thing_id.startswith(NEWEST):
        kind = thing_id.removeprefix(NEWEST)
        found = [(book, thing) for book in stripe.bank.books() for thing in book.things.values()
                 if thing["object"] == kind]  # fmt: skip
        if not found:
            raise KeyError(kind)
        return max(reversed(found), key=lambda one: one[1]["created"])
    for book in stripe.bank.books():
        if thing_id in book.things:
            return book, book.things[thing_id]
    raise KeyError(thing_id)


def charge_of(stripe: "Stripe", payment: str) -> tuple[Book, Thing]:
    """Returns the charge of a PaymentIntent's or a charge's id."""
    book, found = find(stripe, payment)
    return book, found if found["object"] == "charge" else book.things[found["latest_charge"]]
