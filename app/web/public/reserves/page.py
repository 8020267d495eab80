"""How reserves look: what a chain holds, whether the books agree, what is owed, and what none of it shows."""

import reflex as rx

from app.web.components.parts import copy_text_button, empty, panel_skeletons, sandbox_tag, tag
from app.web.frame.layout import foot, frame
from app.web.frame.plain_form import file_link
from app.web.public.reserves.rows import HeldRow, LineRow, OwedRow, ReportRow
from app.web.public.reserves.state import ReservesState

_UNSHOWN = (
    "Money at card rails. We state it; the rails tell nobody else.",
    "Money that was borrowed for the moment of the block, and debts of the operator that are not in these books.",
    "Who has the keys of the treasury. Whether a wallet was left out of what is owed, its owner alone can tell.",
)


def reserves() -> rx.Component:
    """Returns the page of reserves."""
    nothing = rx.el.section(
        empty("Nothing to compare yet", "Where a chain is set up, it is compared with the books four times a minute."),
        class_name="panel", style={"paddingTop": "20px"},
    )  # fmt: skip
    found = rx.cond(ReservesState.reports, rx.fragment(rx.foreach(ReservesState.reports, _report)), nothing)
    head = rx.el.div(
        rx.el.div(rx.el.h1("Reserves"),
                  rx.el.p("What stands on chains, read at one final block, against what is owed.", class_name="muted")),
        file_link("reserves.json", rx.Var.create("/reserves.json"), class_name="btn s"), class_name="page-head",
    )  # fmt: skip
    read = rx.el.div(found, _unshown(), class_name="stack")
    return frame(
        rx.el.div(head, rx.cond(ReservesState.phase == "ready", read, panel_skeletons("260px", "220px")),
                  class_name="narrow stack", style={"maxWidth": "760px"}),
        rx.cond(ReservesState.phase == "ready", foot(), rx.fragment()),
    )  # fmt: skip


def _report(report: rx.Var[ReportRow]) -> rx.Component:
    return rx.fragment(
        rx.foreach(report.chains, lambda held: _held(held, report)),
        rx.foreach(report.units, lambda owed: _owed(owed, report)),
    )


def _held(held: rx.Var[HeldRow], report: rx.Var[ReportRow]) -> rx.Component:
    head = rx.el.div(
        rx.el.div(rx.el.h2(held.name), sandbox_tag(report.is_sandbox), class_name="row wrap"),
        rx.match(held.tone, ("ok", tag(held.says, tone="ok")), ("bad", tag(held.says, tone="bad")),
                 tag(held.says, tone="wait")),
        class_name="panel-head wrap",
    )  # fmt: skip
    block = rx.el.div(
        rx.el.div(rx.el.b("Block ", held.block), rx.el.small(held.hash, class_name="mono muted"), class_name="grow"),
        _link("Look at it", held.block_url), class_name="item-line wrap",
    )  # fmt: skip
    treasury = rx.el.div(
        rx.el.div(rx.el.b("Treasury at"), rx.el.small(held.treasury, class_name="mono muted"), class_name="grow"),
        rx.el.div(_link("Look at it", held.treasury_url), copy_text_button(held.treasury), class_name="row"),
        class_name="item-line wrap",
    )  # fmt: skip
    return rx.el.section(
        head, rx.el.div(rx.foreach(held.figures, _figure), class_name="figures"),
        rx.el.ul(rx.foreach(held.held, _line), rx.el.li(block, class_name="item"),
                 rx.el.li(treasury, class_name="item")),
        class_name="panel", aria_label=held.name,
    )  # fmt: skip


def _owed(owed: rx.Var[OwedRow], report: rx.Var[ReportRow]) -> rx.Component:
    head = rx.el.div(
        rx.el.div(rx.el.h2("Owed in ", owed.unit), sandbox_tag(report.is_sandbox), class_name="row wrap"),
        rx.el.small(report.at, class_name="muted"), class_name="panel-head wrap",
    )  # fmt: skip
    return rx.el.section(
        head, rx.el.ul(rx.foreach(owed.owed, _line)),
        rx.el.div(rx.el.h3(rx.el.b("What stands against it")), class_name="panel-head"),
        rx.el.ul(rx.foreach(owed.against, _line)), rx.cond(owed.root != "", _tree(owed), rx.fragment()),
        class_name="panel", aria_label="Owed in " + owed.unit,
    )  # fmt: skip


def _tree(owed: rx.Var[OwedRow]) -> rx.Component:
    """Returns the root of the tree in which everybody finds what they are owed."""
    return rx.el.div(
        rx.el.div(rx.el.b("Root of the tree of all that is owed"),
                  rx.el.small(owed.root, class_name="mono muted"), rx.el.small(owed.tree, class_name="muted"),
                  class_name="grow"),
        copy_text_button(owed.root), class_name="item item-line wrap",
    )  # fmt: skip


def _unshown() -> rx.Component:
    return rx.el.section(
        rx.el.h2("What this does not show"), rx.el.ul(*(rx.el.li(said) for said in _UNSHOWN), class_name="plain-list"),
        rx.el.p("reserves.json lists every address that holds something. With it and a node of your own you can read"
                " the chain's part again; the guide has a script that does.",
                class_name="muted", style={"marginTop": "12px"}),
        rx.el.p("Signed in, have your own part of the tree from your wallet. The guide has a script that checks that"
                " it is counted in the root.", class_name="muted", style={"marginTop": "12px"}),
        class_name="panel pad",
    )  # fmt: skip


def _figure(one: rx.Var[LineRow]) -> rx.Component:
    return rx.el.div(
        rx.el.small(one.name, class_name="muted"), rx.el.b(one.value, class_name="num"),
        rx.el.small(one.detail, class_name="muted"),
    )  # fmt: skip


def _line(one: rx.Var[LineRow]) -> rx.Component:
    detail = rx.cond(one.detail != "", rx.el.small(one.detail, class_name="muted"), rx.fragment())
    return rx.el.li(
        rx.el.div(rx.el.div(rx.el.b(one.name), detail, class_name="grow"),
                  rx.el.span(one.value, class_name="num"), class_name="item-line"),
        class_name="item", key=one.name,
    )  # fmt: skip


def _link(label: str, url: rx.Var[str]) -> rx.Component:
    there = rx.el.a(label, href=url, target="_blank", rel="noreferrer", class_name="btn s")
    return rx.cond(url != "", there, rx.fragment())
