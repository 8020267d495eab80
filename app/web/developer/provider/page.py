"""How the page of providers looks: each with its test, its key's last four, and the form by which one is saved."""

import reflex as rx

from app.web.components.once import Posting, after_post, post_fields, told_by
from app.web.components.parts import confirm, note, problem_line, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.provider.rows import AUTHS, ProviderRow
from app.web.developer.provider.state import ProviderState

_state = ProviderState
_posting = Posting.of("provider")
_DONE = "provider-saved"
_URL, _KEY_URL = "/manage/provider", "/manage/provider/key"
_UNREACHED = "provider_unreachable"


@paywall_page(sections.PROVIDER, ProviderState, lead="Who answers your users. A model goes to the default, or to the"
              " one that its price names.")  # fmt: skip
def provider() -> rx.Component:
    """Returns the page of a paywall's providers."""
    return rx.fragment(
        rx.cond(_state.said != "", note("Done", _state.said, "ok"), rx.fragment()),
        problem_line(_state.error),
        rx.el.section(
            rx.el.div(
                rx.el.div(rx.el.h2("Providers"), rx.el.small(_state.page.needs_own, class_name="muted"),
                          class_name="grow"),
                rx.cond(_state.paywall.may_set_up & _state.page.may_add, _add_buttons(), rx.fragment()),
                class_name="item-line inset sets-head wrap",
            ),
            rx.cond(_state.form_kind == "add", rx.el.div(_form(), class_name="item own-form"), rx.fragment()),
            rx.el.div(rx.foreach(_state.page.rows, _row)),
            class_name="panel", aria_label="Providers",
        ),
        _hints(),
        after_post(_DONE, _state.saved(told_by(_DONE))),
    )  # fmt: skip


def _add_buttons() -> rx.Component:
    def ready(name: rx.Var[str]) -> rx.Component:
        fields = {"paywall": _state.paywall.id, "version": _state.paywall.version.to_string(), "name": name}
        return rx.el.button("Add ", name, on_click=post_fields(_URL, fields, _posting, _DONE, "said"),
                            class_name="btn s", type="button", key=name)  # fmt: skip

    return rx.el.div(
        rx.foreach(_state.page.ready, ready),
        rx.el.button("Add a provider", on_click=_state.open_form("add", ""), type="button",
                     class_name=rx.cond(_state.form_kind == "add", "btn s", "btn s primary"),
                     aria_expanded=_state.form_kind == "add"),
        class_name="row",
    )  # fmt: skip


def _row(row: rx.Var[ProviderRow]) -> rx.Component:
    may, is_trying = _state.paywall.may_set_up, _state.trying == row.name
    buttons = rx.el.div(
        rx.el.button(rx.cond(is_trying, "Asking it…", "Test"), on_click=_state.try_it(row.name),
                     disabled=_state.trying != "", class_name="btn s", type="button", aria_label="Test " + row.name),
        rx.cond(row.is_own, rx.fragment(
            rx.el.button("Change key", on_click=_state.open_form("rotate", row.name), class_name="btn s",
                         type="button", aria_label="Change the key of " + row.name),
            rx.el.button("Change", on_click=_state.open_form("change", row.name), class_name="btn s", type="button",
                         aria_label="Change " + row.name),
        ), rx.fragment()),
        rx.cond(row.is_default, rx.fragment(),
                rx.el.button("Make default", on_click=_state.make_default(row.name), class_name="btn s",
                             type="button", aria_label="Make " + row.name + " the default")),
        rx.cond(_state.page.rows.length() > 1,
                rx.el.button("Take off", on_click=_state.ask(row.name), class_name="btn s bare", type="button",
                             aria_label="Take " + row.name + " off"), rx.fragment()),
        class_name="row wrap tight",
    )  # fmt: skip
    facts = rx.el.small(
        row.about, rx.cond(row.key != "", rx.el.span(" · ", row.key, class_name=rx.cond(row.is_key_lost, "bad", "num")),
                           rx.fragment()),
        " · ", rx.el.a(row.served, href=row.prices, class_name="num", style={"textDecoration": "underline"}),
        class_name="muted",
    )  # fmt: skip
    asked = confirm(row.question, "Take it off", "Keep", _state.take_off(row.name), _state.ask(""))
    tried = rx.el.div(rx.el.b(_state.trial.title), rx.el.p(_state.trial.text), role="status",
                      class_name="tried num " + _state.trial.tone)  # fmt: skip
    is_open = (_state.form.name == row.name) & ((_state.form_kind == "change") | (_state.form_kind == "rotate"))
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.div(rx.el.b(row.name), rx.cond(row.is_default, tag("Default", tone="ok"), rx.fragment()),
                                class_name="row tight"), facts, class_name="grow"),
            rx.cond(may, buttons, rx.fragment()), class_name="item-line wrap",
        ),
        rx.cond(row.refusal != "", note("Requests are refused", row.refusal, "bad"), rx.fragment()),
        rx.cond(_state.asking == row.name, asked, rx.fragment()),
        rx.cond((_state.trial.name == row.name) & ~is_trying, tried, rx.fragment()),
        rx.cond(is_open, _form(), rx.fragment()),
        class_name="item", key=row.name,
    )  # fmt: skip


def _form() -> rx.Component:
    """The form: what is typed is posted by the browser, and the key passes no state."""
    is_new, form = _state.form_kind == "add", _state.form
    by_id = {"paywall": _state.paywall.id, "version": _state.form_version.to_string()}
    typed = {"name": "provider-name", "base_url": "provider-url", "key": "provider-key", "auth": "provider-auth",
             "limit_field": "provider-limit"}  # fmt: skip
    whole = {**by_id, **typed, "instead_of": form.name}
    post = post_fields(_URL, whole, _posting, _DONE, "said")
    anyway = post_fields(_URL, {**whole, "untried": rx.Var.create("yes")}, _posting, _DONE, "said")
    rotate = post_fields(_KEY_URL, {**by_id, "name": form.name, "key": "provider-key"}, _posting, _DONE, "said")
    key_hint = rx.cond(is_new, "", "Empty keeps the saved one, as long as the address stays.")
    saving = rx.cond(_posting.busy.value == "yes", "Asking it…",
                     rx.cond(_state.form_kind == "rotate", "Test and change the key", "Test and save"))  # fmt: skip
    button = rx.el.button(saving, type="submit", disabled=_posting.busy.value == "yes", class_name="btn s primary")
    save_anyway = rx.el.button("Save all the same", on_click=anyway, class_name="btn s", type="button")
    key = _field("key", "provider-key", "New key", "password", "", key_hint)
    only_key = rx.el.form(key, _foot(button, None, ("key",)), on_submit=rotate, key="rotate",
                          class_name="provider-form", aria_label="Change the key")  # fmt: skip
    all_fields = rx.el.form(
        rx.el.div(
            _field("name", "provider-name", "Name", "text", form.name, "As it stands in receipts and prices."),
            _field("base_url", "provider-url", "Base URL", "url", form.base_url,
                   "OpenAI-compatible, such as https://api.openai.com/v1"),
            _field("key", "provider-key", "Key", "password", "", key_hint),
            class_name="price-fields",
        ),
        rx.el.details(
            rx.el.summary("How it is called"),
            rx.el.div(
                _choice("provider-auth", "The key's header", AUTHS, form.auth),
                _choice("provider-limit", "The output limit's field",
                        (("", "By the address"), ("max_tokens", "max_tokens"),
                         ("max_completion_tokens", "max_completion_tokens")), form.limit_field),
                class_name="price-fields two",
            ),
            class_name="ticked-in",
        ),
        _foot(button, save_anyway, ("name", "base_url", "key")),
        on_submit=post, key="whole" + form.name, class_name="provider-form", aria_label="Provider",
    )  # fmt: skip
    return rx.cond(_state.form_kind == "rotate", only_key, all_fields)


def _field(name: str, field_id: str, label: str, kind: str, value: rx.Var[str] | str, hint: rx.Var[str] | str
           ) -> rx.Component:  # fmt: skip
    is_wrong = _posting.field.value == name
    said = rx.el.small(rx.cond(is_wrong, _posting.problem.value, ""), class_name="bad", id=f"{field_id}-said",
                       role="alert")  # fmt: skip
    return rx.el.div(
        rx.el.label(
            rx.el.span(label),
            rx.el.input(id=field_id, type=kind, default_value=value, auto_complete="off", spell_check=False,
                        max_length=2_000, class_name="field plain s", aria_invalid=is_wrong,
                        aria_describedby=f"{field_id}-said"),
        ),
        rx.el.small(hint, class_name="faint"), said, class_name="labelled",
    )  # fmt: skip


def _choice(field_id: str, label: str, options: tuple[tuple[str, str], ...], value: rx.Var[str]) -> rx.Component:
    return rx.el.label(
        rx.el.span(label),
        rx.el.select(*(rx.el.option(words, value=name) for name, words in options), id=field_id, default_value=value,
                     class_name="field plain s"),
        class_name="labelled",
    )  # fmt: skip


def _foot(button: rx.Component, anyway: rx.Component | None, shown: tuple[str, ...]) -> rx.Component:
    """Returns the buttons of a form, with what is wrong beside all fields that are `shown`."""
    is_beside: rx.Var[bool] = rx.Var.create(False)
    for name in shown:
        is_beside = is_beside | (_posting.field.value == name)
    problem = rx.el.p(_posting.problem.value, class_name="bad problem", role="alert")
    return rx.el.div(
        rx.cond(is_beside, rx.fragment(), problem),
        rx.el.div(
            button,
            rx.fragment() if anyway is None else rx.cond(_posting.code.value == _UNREACHED, anyway, rx.fragment()),
            rx.el.button("Cancel", on_click=_state.open_form("", ""), class_name="btn s bare", type="button"),
            class_name="row wrap",
        ),
        rx.el.small("Saving publishes a version. The key is kept encrypted, goes to this address only, and is never"
                    " shown again.", class_name="muted"),
        class_name="form-foot",
    )  # fmt: skip


def _hints() -> rx.Component:
    return rx.el.section(
        rx.el.h2("What becomes of the models"),
        rx.el.ul(
            rx.el.li("A new provider's models are offered at the list's price; one that another serves stays there."),
            rx.el.li("Another default moves no model: each stays where it is served, until its price says otherwise."),
            rx.el.li("A request that runs ends with the provider and key that it began with."),
            class_name="plain-list muted",
        ),
        class_name="panel pad",
    )  # fmt: skip
