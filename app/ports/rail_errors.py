"""What an account at a rail can answer in place of what was asked, in our words.

```
Refused
├── NotFound
│   └── ObjectMissing    it does not know what a call names, which may be for now
├── CardDeclined         the card's bank, or the rail for it, says no: data, not a failure
├── KeyRefused           our key is not, or no longer, allowed to do this
└── CallRefused          the call cannot be done as it is; asking again changes nothing
Unavailable              away, too busy or broken: whether it was done is unknown, and the same call may be made again
```
"""

from dataclasses import dataclass

from app.domain.errors import NotFound, Refused


class ObjectMissing(NotFound):
    """`param` is the name of the parameter that names what is missing, None where the call itself is about it."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card was not charged, in the rail's own codes, which are branched on; never its words.

    `code` says what kind of answer it is (`card_declined`, `authentication_required`, `expired_card`), `decline_code`
    what the bank gave as its reason, `advice_code` what it advises (`confirm_card_data`, `do_not_try_again`,
    `try_again_later`). `payment_id` is the payment that was tried, `payment_method_id` the card.
    """

    code: str
    decline_code: str | None = None
    advice_code: str | None = None
    payment_id: str | None = None
    payment_method_id: str | None = None


class CardDeclined(Refused):
    """`decline` says why."""

    code = "card_declined"

    def __init__(self, message: str, decline: Decline) -> None:
        super().__init__(message)
        self.decline = decline


class KeyRefused(Refused):
    """Nothing was done.

    `permission` names what the key may not do, by the rail's own word, "" where the rail does not say; None where the
    key as a whole is refused, because it is not known (any more). `account` is the rail's name of the account, where
    the refusal tells it.
    """

    code = "key_refused"

    def __init__(self, message: str, permission: str | None = None, account: str | None = None) -> None:
        super().__init__(message)
        self.permission = permission
        self.account = account


class CallRefused(Refused):
    """Nothing was done. `reason` is the rail's code for why, `param` the parameter that it is about, if it says so."""

    code = "call_refused"

    def __init__(self, message: str, reason: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.param = param
