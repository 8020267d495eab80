"""What the page of accounts remembers: nothing of its own; what was looked for stands in the address."""

import reflex as rx

from app.web.operator.accounts.rows import AccountsPage, read_accounts_page
from app.web.operator.frame.state import OperatorState, Work


class AccountsState(OperatorState, rx.State):
    """One open page of accounts."""

    page: AccountsPage = AccountsPage()

    def _work(self) -> Work:
        words = self._words()
        return lambda session: {"page": read_accounts_page(session, words)}
