"""How a paywall's analytics look."""

import reflex as rx

from app.domain.analytics.groups import By
from app.web.developer.analytics import parts
from app.web.developer.analytics.state import AnalyticsState
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page

_BY = (("Model", By.MODEL), ("User", By.USER), ("Key", By.KEY), ("Billing source", By.SOURCE))


@paywall_page(sections.ANALYTICS, AnalyticsState, lead="Days are those of " + AnalyticsState.page.zone
              + "; caps and limits count in UTC.")  # fmt: skip
def analytics() -> rx.Component:
    """Returns the page of what a paywall brought and cost."""
    page = AnalyticsState.page
    return rx.fragment(parts.range_line(page), parts.figures(page), parts.days(page), parts.parts(page, _BY))
