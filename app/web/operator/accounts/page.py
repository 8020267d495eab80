"""How accounts look to an operator: the newest, or whom they look for."""

import reflex as rx

from app.web.operator.accounts.state import AccountsState
from app.web.operator.frame.layout import operator_page
from app.web.operator.frame.lines import listed, search

_state = AccountsState


def accounts() -> rx.Component:
    """Returns the page of who has an account here."""
    page = _state.page
    head = search(page.words, "Id or e-mail address")
    people = listed("Accounts", page.rows, "No such account", "Write the whole id, or the whole address.", head)
    return operator_page("Accounts", "The newest 50. A name leads to that person's wallets.", _state, people)
