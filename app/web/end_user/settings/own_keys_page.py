"""How a person's own keys of providers look in the settings. A key that is typed passes no state of the page."""

import reflex as rx

from app.web.components.once import Posting, after_post, post_fields, told_by
from app.web.components.parts import confirm, empty, note, problem_line
from app.web.end_user.settings.cards_page import anchor
from app.web.end_user.settings.own_keys_rows import OTHER, HostRow, OwnKeyRow
from app.web.end_user.settings.state import SettingsState
from app.web.frame import routes

OWN_KEYS = "Own keys"
_DONE = "own-key-saved"
_URL = "/auth/own-key"

_state = SettingsState
_posting = Posting.of("ownkey")


def own_keys() -> rx.Component:
    """Returns the section, nothing until it is read."""
    page = _state.own_keys
    add = rx.el.button("Add a key", on_click=_state.open_own_form(~_state.own_form), class_name="btn s", type="button",
                       aria_expanded=_state.own_form)  # fmt: skip
    head = rx.el.div(
        rx.el.div(
            rx.el.h2(OWN_KEYS),
            rx.el.small("What is asked with a key of yours costs you nothing here: its provider bills you. An app may "
                        "use them only if you allow it in your ", rx.el.a("wallet", href=f"{routes.WALLET}/"), ".",
                        class_name="muted"),
            class_name="grow",
        ),
        rx.cond(page.may_add, add, rx.fragment()),
        class_name="item-line inset", style={"paddingTop": "20px", "paddingBottom": "12px"},
    )  # fmt: skip
    none = empty("No key of yours yet", "With one, a provider that you have an account with answers, and bills you.")
    said = rx.cond(_state.own_said != "", rx.el.div(note("Saved", _state.own_said, "ok"), class_name="inset"),
                   rx.fragment())  # fmt: skip
    section = rx.el.section(
        head, said, rx.cond(_state.own_form, rx.el.div(_form(), class_name="item own-form"), rx.fragment()),
        rx.cond(page.rows.length() > 0, rx.el.div(rx.foreach(page.rows, _key)),
                rx.cond(_state.own_form, rx.fragment(), none)),
        rx.el.div(problem_line(_state.own_error), class_name="inset"),
        after_post(_DONE, _state.own_key_saved(told_by(_DONE))),
        class_name="panel", aria_label=OWN_KEYS, id=anchor(OWN_KEYS),
    )  # fmt: skip
    return rx.cond(page.is_read, section, rx.fragment())


def _key(row: rx.Var[OwnKeyRow]) -> rx.Component:
    is_trying = _state.trying_own == row.id
    buttons = rx.el.div(
        rx.el.button(rx.cond(is_trying, "Asking it…", "Test"), on_click=_state.try_own(row.id),
                     disabled=_state.trying_own != "", class_name="btn s", type="button",
                     aria_label="Test the key of " + row.label),
        rx.el.button("Remove", on_click=_state.ask_own(row.id), class_name="btn s bare", type="button",
                     aria_label="Remove the key of " + row.label),
        class_name="row tight",
    )  # fmt: skip
    asked = confirm(row.question, "Remove", "Keep", _state.remove_own(row.id), _state.ask_own(""))
    tried = rx.el.p(_state.own_trial_text, role="status", class_name="tried num " + _state.own_trial_tone)
    is_shown = (_state.own_trial == row.id) & ~is_trying & (row.problem == "")
    warned = rx.cond((row.warning != "") & ~is_shown, rx.el.small(row.warning, class_name="wait"), rx.fragment())
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.div(rx.el.b(row.label), rx.el.span(row.key, class_name="num muted"), class_name="row tight"),
                rx.el.small(row.detail, class_name="muted num"), warned, class_name="grow",
            ),
            buttons, class_name="item-line wrap",
        ),
        rx.cond(row.problem != "", rx.el.div(note("It cannot be used", row.problem, "bad"), class_name="item-note"),
                rx.fragment()),
        rx.cond(_state.asking_own == row.id, asked, rx.fragment()),
        rx.cond(is_shown, tried, rx.fragment()),
        class_name="item", key=row.id,
    )  # fmt: skip


def _form() -> rx.Component:
    """The form: what is typed is posted by the browser."""
    page, is_other, is_profile = _state.own_keys, _state.own_host == OTHER, _state.own_kind == "profile"
    known = {"provider": _state.own_host, "key": "own-key"}
    other = {"provider": "own-name", "base_url": "own-url", "key": "own-key"}
    more = {"refresh_token": "own-refresh", "token_url": "own-token-url", "expires_in": "own-life"}
    saving = rx.cond(_posting.busy.value == "yes", "Asking it…", "Test and save")

    def form(fields: dict[str, rx.Var[str] | str], key: str, *inputs: rx.Component) -> rx.Component:
        return rx.el.form(
            rx.el.div(_hosts(), *inputs, class_name="price-fields two"), _foot(saving),
            on_submit=post_fields(_URL, fields, _posting, _DONE, "said"), key=key, class_name="provider-form",
            aria_label="Own key",
        )  # fmt: skip

    where = (
        _field("provider", "own-name", "Name", "text", "As programs call it, such as my-host."),
        _field("base_url", "own-url", "Base URL", "url", "OpenAI-compatible, such as https://api.example.com/v1"),
    )
    secret = _field("key", "own-key", "Key", "password", "")
    token = _field("key", "own-key", "Access token", "password", "")
    kind = rx.cond(page.token_urls.length() > 0, _kinds(), rx.fragment())
    sign_in = (
        _field("refresh_token", "own-refresh", "Refresh token", "password", ""),
        _token_urls(),
        _field("expires_in", "own-life", "The access token lasts, in seconds", "text", "Empty: an hour."),
    )
    plain = rx.cond(is_other, form(other, "other", *where, secret), form(known, "known", secret))
    signed = rx.cond(
        is_other,
        form({**other, **more}, "other-profile", *where, token, *sign_in),
        form({**known, **more}, "known-profile", token, *sign_in),
    )
    return rx.fragment(kind, rx.cond(is_profile, signed, plain))


def _hosts() -> rx.Component:
    def option(row: rx.Var[HostRow]) -> rx.Component:
        return rx.el.option(row.label, value=row.name, key=row.name)

    return rx.el.label(
        rx.el.span("Provider"),
        rx.el.select(rx.foreach(_state.own_keys.hosts, option), value=_state.own_host,
                     on_change=_state.choose_own_host, class_name="field plain s"),
        class_name="labelled",
    )  # fmt: skip


def _kinds() -> rx.Component:
    buttons = (
        rx.el.button(words, type="button", class_name="btn", on_click=_state.choose_own_kind(kind),
                     aria_pressed=_state.own_kind == kind)
        for kind, words in (("key", "API key"), ("profile", "Sign-in"))
    )  # fmt: skip
    return rx.el.div(*buttons, class_name="segments", role="group", aria_label="What you have of the provider")


def _token_urls() -> rx.Component:
    def option(address: rx.Var[str]) -> rx.Component:
        return rx.el.option(address, value=address, key=address)

    return rx.el.label(
        rx.el.span("Renewed at"),
        rx.el.select(rx.foreach(_state.own_keys.token_urls, option), id="own-token-url", class_name="field plain s"),
        rx.el.small("The terms of whoever is behind this address hold for its use here.", class_name="faint"),
        class_name="labelled",
    )  # fmt: skip


def _field(name: str, field_id: str, label: str, kind: str, hint: str) -> rx.Component:
    is_wrong = _posting.field.value == name
    said = rx.el.small(rx.cond(is_wrong, _posting.problem.value, ""), class_name="bad", id=f"{field_id}-said",
                       role="alert")  # fmt: skip
    return rx.el.div(
        rx.el.label(
            rx.el.span(label),
            rx.el.input(id=field_id, type=kind, default_value="", auto_complete="off", spell_check=False,
                        max_length=16_384 if kind == "password" else 500, class_name="field plain s",
                        aria_invalid=is_wrong, aria_describedby=f"{field_id}-said"),
        ),
        rx.el.small(hint, class_name="faint") if hint else rx.fragment(), said, class_name="labelled",
    )  # fmt: skip


def _foot(saving: rx.Var[str]) -> rx.Component:
    named: rx.Var[bool] = rx.Var.create(False)
    for name in ("provider", "base_url", "key", "refresh_token", "expires_in"):
        named = named | (_posting.field.value == name)
    problem = rx.el.p(_posting.problem.value, class_name="bad problem", role="alert")
    return rx.el.div(
        rx.cond(named, rx.fragment(), problem),
        rx.el.div(
            rx.el.button(saving, type="submit", disabled=_posting.busy.value == "yes", class_name="btn s primary"),
            rx.el.button("Cancel", on_click=_state.open_own_form(False), class_name="btn s bare", type="button"),
            class_name="row wrap",
        ),
        rx.el.small("The key is kept encrypted, goes to its host alone, and is never shown again. Testing asks one "
                    "model for a word, which its provider may bill.", class_name="muted"),
        class_name="form-foot",
    )  # fmt: skip
