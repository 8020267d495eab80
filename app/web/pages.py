"""Every route in one list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.web import routes
from app.web.end_user.sandbox_checkout.page import sandbox_checkout
from app.web.end_user.sandbox_checkout.state import SandboxCheckoutState
from app.web.end_user.topup.page import topup
from app.web.end_user.topup.state import TopupState
from app.web.public.home.page import home
from app.web.public.missing.page import missing


@dataclass(frozen=True, slots=True)
class Page:
    """A page, where it lives, and what it is called."""

    route: str
    component: Callable[[], rx.Component]
    title: str
    description: str
    on_load: Any = None


PAGES = (
    Page(routes.HOME, home, "Coinslot", "A coin slot for any LLM app: end users pay for their own usage."),
    Page(routes.TOPUP, topup, "Your wallet · Coinslot", "Balance, top-up and receipts.", TopupState.watch),
    Page(routes.SANDBOX_CHECKOUT, sandbox_checkout, "Sandbox checkout · Coinslot", "A payment without real money.",
         SandboxCheckoutState.open_checkout),
    Page("404", missing, "Not found · Coinslot", "There is no such page."),
)  # fmt: skip
