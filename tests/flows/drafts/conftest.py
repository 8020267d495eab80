"""Providers and accounts at a rail as a developer at the wizard reaches them."""

from collections.abc import AsyncIterator

import pytest

from app import settings
from app.adapters.payments.stripe_account import StripeAccounts
from app.adapters.payments.stripe_client import StripeClients
from app.flows.drafts.steps import Doors
from app.wiring.adapters import ProvidersByName
from tests.support.drafting import BOX, doors
from tests.support.scripted import COUNTER
from tests.support.stripe_bank import StripeBank, StripeShop


@pytest.fixture
async def providers(database: str) -> AsyncIterator[ProvidersByName]:
    settings.configure(data=settings.get().data, database_url=database, allow_private_addresses=True)
    made = ProvidersByName(settings.get(), COUNTER)
    yield made
    await made.close()


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account("Quill")


@pytest.fixture
async def accounts(shop: StripeShop) -> AsyncIterator[StripeAccounts]:
    clients = StripeClients(shop.bank.url)
    yield StripeAccounts(clients, BOX)
    await clients.close()


@pytest.fixture
def at(providers: ProvidersByName, accounts: StripeAccounts) -> Doors:
    return doors(providers, accounts)
