"""How one payout looks in a list, to whoever looks at it."""

import reflex as rx

from app.web.components.parts import tag
from app.web.components.payouts.rows import PayoutRow


def payout_line(row: rx.Var[PayoutRow], *acts: rx.Component) -> rx.Component:
    """Returns one payout in a line: whose, where to, how far, how much."""
    status = rx.match(row.tone, ("ok", tag(row.status, tone="ok")), ("bad", tag(row.status, tone="bad")),
                      tag(row.status, tone="wait"))  # fmt: skip
    link = rx.cond(row.url != "", rx.el.a("Transaction", href=row.url, target="_blank", rel="noreferrer"),
                   rx.fragment())  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.b(row.app), " ", status,
                  rx.el.small("To ", row.address, " · ", row.when, " · ", row.id, class_name="muted"),
                  rx.cond(row.note != "", rx.el.small(row.note), rx.fragment()), class_name="grow"),
        rx.el.b(row.amount, class_name="num nowrap"), link, *acts, class_name="item-line wrap",
    )  # fmt: skip
