"""An account of a rail that says things by itself, and whoever hears them here."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import Ears, ears


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
def mailer() -> KeptMailer:
    return KeptMailer(clock.now)


@pytest.fixture
async def hearing(shop: StripeShop, mailer: KeptMailer) -> AsyncIterator[Ears]:
    made = ears(shop, mailer=mailer, operators=frozenset({"op@example.org"}))
    with capture_logs():
        yield made
        await made.close()
