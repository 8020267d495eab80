"""How cards and automatic top-up look in the settings: the cards, the rule with its consent, the last charges."""

import reflex as rx

from app.web.components.parts import confirm, empty, problem_line, tag
from app.web.end_user.settings.cards_rows import ChargedRow, SavedCardRow
from app.web.end_user.settings.state import SettingsState

CARDS, AUTO_TOPUP = "Saved cards", "Auto top-up"

_state = SettingsState


def cards_sections() -> rx.Component:
    """Returns the sections of what a person pays with, nothing where no card can be saved."""
    page = _state.cards_page
    shown = rx.fragment(_cards(), _auto(), rx.cond(page.charges, _charges(), rx.fragment()))
    return rx.cond(page.connection_id != "", shown, rx.fragment())


def anchor(title: str) -> str:
    """Returns the name of a section in the page's address."""
    return title.lower().replace(" ", "-")


def _panel(title: str, *children: rx.Component, aside: rx.Component | None = None) -> rx.Component:
    head = rx.el.div(rx.el.h2(title), aside or rx.fragment(), class_name="row between inset",
                     style={"paddingTop": "20px", "paddingBottom": "12px"})  # fmt: skip
    return rx.el.section(head, *children, class_name="panel", aria_label=title, id=anchor(title))


def _cards() -> rx.Component:
    add = rx.el.button("Add a card", on_click=_state.add_card, class_name="btn s", type="button")
    none = empty("No saved card", "With one you can pay in a click, and let your wallet fill itself.")
    problem = rx.el.p(_state.cards_error, class_name="bad inset problem", role="alert")
    shown = rx.el.div(rx.foreach(_state.cards_page.cards, _card))
    return _panel(CARDS, rx.cond(_state.cards_page.cards, shown, none), problem, aside=add)


def _card(row: rx.Var[SavedCardRow]) -> rx.Component:
    make = rx.el.button("Make default", on_click=_state.make_default(row.id), class_name="btn s", type="button",
                        aria_label="Make " + row.name + " the default")  # fmt: skip
    remove = rx.el.button("Remove", on_click=_state.ask_card(row.id), class_name="btn s bare", type="button",
                          aria_label="Remove " + row.name)  # fmt: skip
    asked = confirm(row.question, "Remove", "Keep", _state.remove_card(row.id), _state.ask_card(""))
    return rx.el.div(
        rx.el.div(
            rx.el.span(row.art, class_name="card-art", aria_hidden="true"),
            rx.el.div(rx.el.b(row.name), rx.el.small(row.detail, class_name=rx.cond(row.is_expiring, "wait", "muted")),
                      class_name="grow num"),
            rx.el.div(rx.cond(row.is_default, tag("Default", tone="ok"), make), remove, class_name="card-tools"),
            class_name="item-line card-line",
        ),
        rx.cond(_state.asking_card == row.id, asked, rx.fragment()),
        class_name="item", key=row.id,
    )  # fmt: skip


def _auto() -> rx.Component:
    auto = _state.cards_page.auto
    aside = rx.el.span(auto.tag, class_name="tag " + auto.tag_tone)
    no_card = rx.el.p("Save a card first; then your wallet can fill itself whenever it runs low.",
                      class_name="muted inset", style={"paddingBottom": "22px"})  # fmt: skip
    frozen = rx.el.p("This wallet is frozen. Nothing is charged for it.", class_name="muted inset",
                     style={"paddingBottom": "22px"})  # fmt: skip
    rule = rx.fragment(_terms(), _next(), _consent(), _actions())
    shown = rx.fragment(_wallets(), rx.cond(_state.cards_page.is_frozen, frozen, rule))
    return _panel(AUTO_TOPUP, rx.cond(_state.cards_page.cards, shown, no_card), aside=aside)


def _wallets() -> rx.Component:
    """Returns the choice between the wallets that can fill themselves, where there are two."""
    page = _state.cards_page
    buttons = (
        rx.el.button(name, type="button", class_name="btn", on_click=_state.show_unit(unit),
                     aria_pressed=page.unit == unit)
        for name, unit in (("Wallet", "USDC"), ("Credits", "CREDIT"))
    )  # fmt: skip
    shown = rx.el.div(
        rx.el.div(*buttons, class_name="segments", role="group", aria_label="Which wallet fills itself"),
        class_name="inset", style={"paddingBottom": "16px"},
    )  # fmt: skip
    return rx.cond(page.has_credits, shown, rx.fragment())


def _terms() -> rx.Component:
    page, auto = _state.cards_page, _state.cards_page.auto
    return rx.el.div(
        _amount("threshold", "When my balance falls below", _state.threshold, auto.balance,
                after=rx.cond(page.unit == "CREDIT", "credits", page.unit)),
        _amount("amount", "add", _state.amount, _state.amount_hint, before="$"),
        _amount("cap", "at most, in a month", _state.cap, auto.month_left, before="$"),
        class_name="rule-form inset", key=page.unit,
    )  # fmt: skip


def _amount(
    name: str, label: str, value: rx.Var[str], hint: rx.Var[str], before: str = "", after: rx.Var[str] | str = ""
) -> rx.Component:
    field = rx.el.input(
        default_value=value, on_change=lambda typed: _state.type_terms(name, typed), input_mode="decimal",
        auto_complete="off", max_length=12, aria_describedby=f"auto-{name}-hint",
    )  # fmt: skip
    box = rx.el.span(
        rx.el.span(before) if before else rx.fragment(), field, rx.el.span(after), class_name="unit-field num"
    )
    return rx.el.label(
        rx.el.span(label), box, rx.el.small(hint, class_name="faint num", id=f"auto-{name}-hint"),
        class_name="labelled",
    )  # fmt: skip


def _next() -> rx.Component:
    """The one sentence of what comes next, with what can be done about it."""
    auto = _state.cards_page.auto
    meter = rx.el.div(rx.el.i(style={"width": auto.share}), class_name="meter", aria_hidden="true")
    buttons = rx.el.div(
        rx.cond(auto.confirm_url != "",
                rx.el.a(auto.confirm_label, href=auto.confirm_url, class_name="btn s primary"), rx.fragment()),
        rx.cond(auto.can_use_other, rx.el.button("Use another card", on_click=_state.choose_card, class_name="btn s",
                                                 type="button", aria_expanded=_state.is_choosing), rx.fragment()),
        rx.cond(auto.can_try, rx.el.button("Try now", on_click=_state.try_now, class_name="btn s", type="button"),
                rx.fragment()),
        class_name="row",
    )  # fmt: skip
    has_buttons = (auto.confirm_url != "") | auto.can_use_other | auto.can_try
    box = rx.el.div(
        rx.el.p(rx.el.b(auto.head), " ", auto.text, role="status"),
        rx.cond((auto.share != "") & (auto.tone == ""), meter, rx.fragment()),
        rx.cond(has_buttons, buttons, rx.fragment()),
        rx.cond(_state.is_choosing, _other_cards(), rx.fragment()),
        class_name="next num " + auto.tone,
    )
    return rx.cond(auto.head != "", box, rx.fragment())


def _other_cards() -> rx.Component:
    def one(row: rx.Var[SavedCardRow]) -> rx.Component:
        use = rx.el.button("Use ", row.name, on_click=_state.use_card(row.id), class_name="btn s", type="button")
        return rx.el.span(rx.cond(row.is_another, use, rx.fragment()), key=row.id)

    add = rx.el.button("Add a card", on_click=_state.add_card, class_name="btn s", type="button")
    return rx.el.div(rx.foreach(_state.cards_page.cards, one), add, class_name="row",
                     role="group", aria_label="Which card to use")  # fmt: skip


def _consent() -> rx.Component:
    shown = rx.el.div(
        rx.el.b("What you allow"),
        rx.el.p(_state.consent, class_name="muted"),
        class_name="consent inset num",
    )
    return rx.cond(_state.consent != "", shown, rx.fragment())


def _actions() -> rx.Component:
    auto = _state.cards_page.auto
    allow = rx.el.button(rx.cond(auto.is_on, "Allow and save", "Allow and switch on"), on_click=_state.allow,
                         class_name="btn s primary", type="button")  # fmt: skip
    save = rx.el.button("Save", on_click=_state.save_terms, class_name="btn s", type="button")
    off = rx.el.button("Switch off", on_click=_state.switch_off, class_name="btn s bare", type="button")
    return rx.el.div(
        problem_line(_state.auto_error),
        rx.el.div(
            rx.cond(_state.consent != "", allow, rx.cond(auto.is_on, save, rx.fragment())),
            rx.cond(auto.is_on, off, rx.fragment()),
            class_name="row",
        ),
        class_name="inset", style={"paddingTop": "14px", "paddingBottom": "22px"},
    )  # fmt: skip


def _charges() -> rx.Component:
    note = rx.el.p("Times are in UTC.", class_name="faint item", style={"fontSize": "12.5px"})
    return _panel("Last automatic charges", rx.el.div(rx.foreach(_state.cards_page.charges, _charged)), note)


def _charged(row: rx.Var[ChargedRow]) -> rx.Component:
    receipt = rx.el.a("Receipt", href=row.receipt, aria_label="Receipt of " + row.when)
    return rx.el.div(
        rx.el.div(rx.el.b(row.when), rx.el.small(row.status, class_name=row.tone), class_name="grow"),
        rx.el.div(rx.el.b(row.paid), rx.el.small(rx.cond(row.receipt != "", receipt, row.got)),
                  class_name="charge-sum num"),
        class_name="item item-line", key=row.id,
    )  # fmt: skip
