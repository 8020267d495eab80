"""How earnings look: what there is in all, and of each paywall what becomes available when."""

import reflex as rx

from app.web.components.parts import empty, instead, note, panel_skeletons, sandbox_tag, tag
from app.web.developer.earnings.parts import payouts, way_of_earnings, withdraw_form
from app.web.developer.earnings.rows import DueRow, EarnedRow, TotalRow
from app.web.developer.earnings.state import EarningsState
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = EarningsState


def earnings() -> rx.Component:
    """Returns the page of what a developer has earned."""
    page = _state.page
    said = ("Your share of charges in shared mode. It is pending for ", page.days, " days, then available.")
    lead = rx.el.small(*said, class_name="muted")
    head = rx.el.div(
        rx.el.div(rx.el.h1("Earnings"), lead),
        rx.el.a("All paywalls", href=f"{routes.DASHBOARD}/", class_name="btn s"),
        class_name="page-head",
    )
    trouble = rx.cond(_state.problem != "", note("Not up to date", _state.problem, "wait"), rx.fragment())
    done = rx.cond(_state.said != "", note("Done", _state.said, "ok"), rx.fragment())
    none = rx.el.section(
        empty("Nothing is earned here yet", "Paywalls in shared mode earn: users pay from one wallet for all apps, and"
              " what is left after provider and fee is yours. In default mode it is at your own Stripe account."),
        class_name="panel", style={"paddingTop": "20px"},
    )  # fmt: skip
    more = rx.cond(page.more != "", rx.el.p(page.more, class_name="muted"), rx.fragment())
    ways = rx.foreach(page.payouts.ways, way_of_earnings)
    listed = rx.cond(page.payouts.rows, payouts(), rx.fragment())
    found = rx.fragment(rx.foreach(page.totals, _total), ways, rx.foreach(page.paywalls, _paywall), listed, more)
    body = rx.cond(_state.phase == "ready", rx.fragment(trouble, done, rx.cond(page.paywalls, found, none)),
                   panel_skeletons("96px", "220px"))  # fmt: skip
    shown = rx.el.div(head, body, class_name="page")
    failed = instead("Earnings cannot be shown", _state.problem)
    return own_frame(rx.cond(_state.phase == "invalid", failed, shown), current=routes.DASHBOARD, visitor=_state)


def _figures(row: rx.Var[EarnedRow]) -> rx.Component:
    def figure(name: str, value: rx.Var[str], under: rx.Component | rx.Var[str] | str) -> rx.Component:
        return rx.el.div(rx.el.small(name, class_name="muted"), rx.el.b(value, class_name="num"),
                         rx.el.small(under, class_name="muted"))  # fmt: skip

    return rx.el.div(
        figure("Pending", row.pending, rx.fragment("for ", _state.page.days, " days from each charge")),
        figure("Available", row.available, "yours to withdraw"),
        figure("Paid", row.paid, rx.cond(row.under_way != "", row.under_way, "sent to your address")),
        class_name="figures",
    )


def _total(row: rx.Var[TotalRow]) -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2(row.title), sandbox_tag(row.is_sandbox), class_name="panel-head"),
        _figures(row),
        class_name="panel", aria_label=row.title, key=row.title,
    )  # fmt: skip


def _paywall(row: rx.Var[EarnedRow]) -> rx.Component:
    archived = rx.cond(row.is_archived, tag("Archived", tone="bad"), sandbox_tag(row.is_sandbox))
    owed = rx.cond(
        row.owed != "",
        rx.el.div(note("Owed first", row.owed + " of what becomes available repays what this paywall owes.", "wait"),
                  class_name="inset"),
        rx.fragment(),
    )  # fmt: skip
    table = rx.el.table(
        rx.el.thead(rx.el.tr(rx.el.th("Becomes available (UTC)", scope="col"),
                             rx.el.th("Amount", scope="col", class_name="right"))),
        rx.el.tbody(rx.foreach(row.due, _due)), class_name="listing",
    )  # fmt: skip
    nothing = rx.cond(row.is_pending, rx.fragment(), rx.el.p("Nothing is pending.", class_name="muted item"))
    opens = "withdraw:" + row.id
    take = rx.cond(row.address != "", rx.el.button("Withdraw", on_click=_state.ask(opens), class_name="btn s primary",
                                                   type="button"), rx.fragment())  # fmt: skip
    foot = rx.el.div(
        rx.el.small(row.note, class_name="muted"),
        rx.el.div(rx.el.a("All entries", href=row.url, class_name="btn s"), take, class_name="row"),
        class_name="panel-foot",
    )
    return rx.el.section(
        rx.el.div(rx.el.h2(row.name), archived, class_name="panel-head"),
        _figures(row), owed,
        rx.cond(row.due, table, nothing),
        rx.cond(_state.asking == opens, withdraw_form(row), rx.fragment()), foot,
        class_name="panel", aria_label=row.name, key=row.id,
    )  # fmt: skip


def _due(row: rx.Var[DueRow]) -> rx.Component:
    amount = rx.el.td(row.amount, class_name="right num", custom_attrs={"data-label": "Amount"})
    return rx.el.tr(rx.el.td(row.day), amount, key=row.day)
