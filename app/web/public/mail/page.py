"""How the demo's mailbox looks."""

import reflex as rx

from app.web.components.parts import copy_text_button, empty, instead, panel_skeletons, tag
from app.web.frame.layout import frame
from app.web.public.mail.state import MailRow, MailState


def mail() -> rx.Component:
    """Returns the demo's mailbox."""
    closed = instead("There is no mailbox here", "Mails are kept in the demo only. Look into your own.")
    return frame(rx.cond(MailState.phase == "closed", closed, _mails()))


def _mails() -> rx.Component:
    nothing = rx.el.section(
        rx.el.div(style={"height": "20px"}),
        empty("No mail yet", "Codes to sign in and notices about your wallet arrive here."),
        class_name="panel",
    )
    head = rx.el.div(rx.el.h1("Mail of this demo"), tag("Nothing is sent", tone="wait"), class_name="page-head")
    found = rx.cond(MailState.mails, rx.el.div(rx.foreach(MailState.mails, _mail), class_name="stack"), nothing)
    return rx.el.div(
        head, rx.cond(MailState.phase == "ready", found, panel_skeletons("160px", "100px")),
        class_name="narrow stack", style={"maxWidth": "640px"},
    )  # fmt: skip


def _mail(row: rx.Var[MailRow]) -> rx.Component:
    code = rx.el.div(rx.el.span(row.digits, class_name="digits num"), copy_text_button(row.digits), class_name="row",
                     style={"marginTop": "10px"})  # fmt: skip
    return rx.el.article(
        rx.el.div(rx.el.h2(row.subject), rx.el.small(row.when, class_name="faint"), class_name="row between"),
        rx.el.small("to ", row.recipient, class_name="muted"),
        rx.cond(row.digits != "", code, rx.fragment()),
        rx.el.pre(row.text),
        class_name="panel pad mail",
    )
