"""Every route in one list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.web.developer.account_analytics.page import account_analytics
from app.web.developer.account_analytics.state import AccountAnalyticsState
from app.web.developer.alerts.page import alerts
from app.web.developer.alerts.state import AlertsState
from app.web.developer.analytics.page import analytics
from app.web.developer.analytics.state import AnalyticsState
from app.web.developer.danger.page import danger
from app.web.developer.danger.state import DangerState
from app.web.developer.dashboard.page import dashboard
from app.web.developer.dashboard.state import DashboardState
from app.web.developer.earnings.page import earnings
from app.web.developer.earnings.state import EarningsState
from app.web.developer.events.page import events
from app.web.developer.events.state import EventsState
from app.web.developer.keys.page import keys
from app.web.developer.keys.state import KeysState
from app.web.developer.ledger.page import ledger
from app.web.developer.ledger.state import LedgerState
from app.web.developer.limits.page import limits
from app.web.developer.limits.state import LimitsState
from app.web.developer.messages.page import messages
from app.web.developer.messages.state import MessagesState
from app.web.developer.overview.page import overview
from app.web.developer.overview.state import OverviewState
from app.web.developer.payments.page import payments
from app.web.developer.payments.state import PaymentsState
from app.web.developer.prices.page import prices
from app.web.developer.prices.state import PricesState
from app.web.developer.profile.page import profile
from app.web.developer.profile.state import ProfileState
from app.web.developer.provider.page import provider
from app.web.developer.provider.state import ProviderState
from app.web.developer.requests.page import requests
from app.web.developer.requests.state import RequestsState
from app.web.developer.user.page import user
from app.web.developer.user.state import UserState
from app.web.developer.users.page import users
from app.web.developer.users.state import UsersState
from app.web.developer.versions.page import versions
from app.web.developer.versions.state import VersionsState
from app.web.developer.wizard.page import wizard
from app.web.developer.wizard.state import WizardState
from app.web.end_user.activity.page import activity
from app.web.end_user.activity.state import ActivityState
from app.web.end_user.authorize.page import authorize
from app.web.end_user.authorize.state import AuthorizeState
from app.web.end_user.chat.page import chat
from app.web.end_user.chat.state import ChatState
from app.web.end_user.confirm.page import confirm
from app.web.end_user.confirm.state import ConfirmState
from app.web.end_user.credits.page import credits
from app.web.end_user.credits.state import CreditsState
from app.web.end_user.menu.page import menu
from app.web.end_user.menu.state import MenuState
from app.web.end_user.order.page import order
from app.web.end_user.order.state import OrderState
from app.web.end_user.sandbox_bank.page import sandbox_bank
from app.web.end_user.sandbox_bank.state import SandboxBankState
from app.web.end_user.sandbox_card.page import sandbox_card
from app.web.end_user.sandbox_card.state import SandboxCardState
from app.web.end_user.sandbox_checkout.page import sandbox_checkout
from app.web.end_user.sandbox_checkout.state import SandboxCheckoutState
from app.web.end_user.settings.page import settings
from app.web.end_user.settings.state import SettingsState
from app.web.end_user.topup.page import topup
from app.web.end_user.topup.state import TopupState
from app.web.end_user.usage.page import usage
from app.web.end_user.usage.state import UsageState
from app.web.end_user.wallet.page import wallet
from app.web.end_user.wallet.state import WalletState
from app.web.end_user.withdraw.page import withdraw
from app.web.end_user.withdraw.state import WithdrawState
from app.web.frame import routes
from app.web.operator.accounts.page import accounts
from app.web.operator.accounts.state import AccountsState
from app.web.operator.catalogue.page import catalogue
from app.web.operator.catalogue.state import CatalogueState
from app.web.operator.connections.page import connections
from app.web.operator.connections.state import ConnectionsState
from app.web.operator.health.page import health
from app.web.operator.health.state import HealthState
from app.web.operator.jobs.page import jobs
from app.web.operator.jobs.state import JobsState
from app.web.operator.paywalls.page import all_paywalls
from app.web.operator.paywalls.state import PaywallsState
from app.web.operator.settings.page import instance_settings
from app.web.operator.settings.state import InstanceSettingsState
from app.web.operator.treasury.page import treasury
from app.web.operator.treasury.state import TreasuryState
from app.web.operator.wallets.page import wallets
from app.web.operator.wallets.state import WalletsState
from app.web.public.help.page import help_page
from app.web.public.help.state import HelpState
from app.web.public.home.page import home
from app.web.public.home.state import HomeState
from app.web.public.mail.page import mail
from app.web.public.mail.state import MailState
from app.web.public.missing.page import missing
from app.web.public.playground.page import playground
from app.web.public.reserves.page import reserves
from app.web.public.reserves.state import ReservesState
from app.web.public.sign_in.page import sign_in
from app.web.public.sign_in.state import SignInState


@dataclass(frozen=True, slots=True)
class Page:
    """A page, where it lives, and what it is called."""

    route: str
    component: Callable[[], rx.Component]
    title: str
    description: str
    on_load: Any = None


PAGES = (
    Page(routes.HOME, home, "Coinslot", "A coin slot for any LLM app: end users pay for their own usage.",
         HomeState.arrive),
    Page(routes.TOPUP, topup, "Your wallet · Coinslot", "Balance, top-up and receipts.", TopupState.watch),
    Page(routes.SANDBOX_CHECKOUT, sandbox_checkout, "Sandbox checkout · Coinslot", "A payment without real money.",
         SandboxCheckoutState.open_checkout),
    Page(routes.SANDBOX_CARD, sandbox_card, "Save a card · Coinslot", "A card without a bank.",
         SandboxCardState.open_saving),
    Page(routes.SANDBOX_BANK, sandbox_bank, "Sandbox bank · Coinslot", "A bank without money.",
         SandboxBankState.open_bank),
    Page(routes.CONFIRM, confirm, "Confirm a payment · Coinslot", "Your bank wants to be asked.", ConfirmState.watch),
    Page(routes.SIGN_IN, sign_in, "Sign in · Coinslot", "Sign in with a code or a provider.", SignInState.arrive),
    Page(routes.AUTHORIZE, authorize, "Authorize an app · Coinslot", "Let an app charge your wallet, up to a cap.",
         AuthorizeState.watch),
    Page(routes.MENU, menu, "Your app · Coinslot", "Balance, top-up and activity in one app.", MenuState.watch),
    Page(routes.ORDER, order, "Order · Coinslot", "Who pays for an order, and what it came to.", OrderState.watch),
    Page(routes.WALLET, wallet, "Wallet · Coinslot", "Your balance, spending and connected apps.", WalletState.watch),
    Page(routes.WITHDRAW, withdraw, "Withdraw · Coinslot", "What you paid in as USDC and did not spend.",
         WithdrawState.watch),
    Page(routes.ACTIVITY, activity, "Activity · Coinslot", "Every movement with its receipt.", ActivityState.watch),
    Page(routes.CREDITS, credits, "Credits · Coinslot", "Your credits, and what they paid for.", CreditsState.watch),
    Page(routes.CHAT, chat, "Chat · Coinslot", "Ask models, and pay with your credits.", ChatState.watch),
    Page(routes.USAGE, usage, "Usage · Coinslot", "What your wallets paid for, and what it cost.", UsageState.watch),
    Page(routes.SETTINGS, settings, "Settings · Coinslot", "Profile, sign-in, sessions, API key.", SettingsState.watch),
    Page(routes.DASHBOARD, dashboard, "Paywalls · Coinslot", "Your paywalls, and what needs attention.",
         DashboardState.watch),
    Page(routes.EARNINGS, earnings, "Earnings · Coinslot", "What your apps earned, and when it is yours.",
         EarningsState.watch),
    Page(routes.ACCOUNT_ANALYTICS, account_analytics, "Analytics · Coinslot", "What all your paywalls bring and cost.",
         AccountAnalyticsState.watch),
    Page(routes.OVERVIEW, overview, "Overview · Coinslot", "What a paywall brings and costs.", OverviewState.watch),
    Page(routes.ANALYTICS, analytics, "Analytics · Coinslot", "What a paywall brought and cost, told apart.",
         AnalyticsState.watch),
    Page(routes.PAYMENTS, payments, "Payments · Coinslot", "Where the card payments of your users go.",
         PaymentsState.watch),
    Page(routes.PRICES, prices, "Prices · Coinslot", "What your models cost their users.", PricesState.watch),
    Page(routes.PROVIDER, provider, "Provider · Coinslot", "Who answers your users.", ProviderState.watch),
    Page(routes.LIMITS, limits, "Limits · Coinslot", "How much users and keys may use.", LimitsState.watch),
    Page(routes.USERS, users, "Users · Coinslot", "Who uses your app, and what each may spend.", UsersState.watch),
    Page(routes.USER, user, "User · Coinslot", "What binds a user, their history, and what you can do for them.",
         UserState.watch),
    Page(routes.REQUESTS, requests, "Requests · Coinslot", "Every request with its receipt.", RequestsState.watch),
    Page(routes.LEDGER, ledger, "Ledger · Coinslot", "Every movement, as it was posted.", LedgerState.watch),
    Page(routes.EVENTS, events, "Events · Coinslot", "Whom you tell, and how each delivery went.", EventsState.watch),
    Page(routes.ALERTS, alerts, "Alerts · Coinslot", "What you are told of a paywall, and what you were.",
         AlertsState.watch),
    Page(routes.PROFILE, profile, "Profile · Coinslot", "What your users see of your app.", ProfileState.watch),
    Page(routes.KEYS, keys, "Keys · Coinslot", "What your app calls with.", KeysState.watch),
    Page(routes.VERSIONS, versions, "Versions · Coinslot", "What was published, and who changed what.",
         VersionsState.watch),
    Page(routes.DANGER, danger, "Danger zone · Coinslot", "Archive a paywall, or duplicate it.", DangerState.watch),
    Page(routes.MESSAGES, messages, "Messages · Coinslot", "What the assistant says in your app's name.",
         MessagesState.watch),
    Page(routes.NEW_PAYWALL, wizard, "New paywall · Coinslot", "Five steps to a paywall that takes a request.",
         WizardState.watch),
    Page(routes.OPERATOR_HEALTH, health, "Health · Coinslot", "What is wrong with this instance.", HealthState.watch),
    Page(routes.OPERATOR_WALLETS, wallets, "Wallets · Coinslot", "Find a wallet, freeze it, thaw it.",
         WalletsState.watch),
    Page(routes.OPERATOR_TREASURY, treasury, "Treasury · Coinslot", "What stands on chains, and what goes out.",
         TreasuryState.watch),
    Page(routes.OPERATOR_ACCOUNTS, accounts, "Accounts · Coinslot", "Who has an account here.",
         AccountsState.watch),
    Page(routes.OPERATOR_PAYWALLS, all_paywalls, "Paywalls · Coinslot", "All paywalls, and whose they are.",
         PaywallsState.watch),
    Page(routes.OPERATOR_CONNECTIONS, connections, "Connections · Coinslot", "Rails, endpoints and providers.",
         ConnectionsState.watch),
    Page(routes.OPERATOR_CATALOGUE, catalogue, "Catalogue · Coinslot", "Models, prices, and price drift.",
         CatalogueState.watch),
    Page(routes.OPERATOR_JOBS, jobs, "Jobs · Coinslot", "What the clock starts, and how it went.", JobsState.watch),
    Page(routes.OPERATOR_SETTINGS, instance_settings, "Settings · Coinslot", "What this instance charges and allows.",
         InstanceSettingsState.watch),
    Page(routes.MAIL, mail, "Mail of this demo · Coinslot", "What the demo would have sent.", MailState.watch),
    Page(routes.RESERVES, reserves, "Reserves · Coinslot", "What stands on chains against what is owed.",
         ReservesState.arrive),
    Page(routes.HELP, help_page, "Help · Coinslot", "The guide to read, and answers out of it.", HelpState.watch),
    Page(routes.PLAYGROUND, playground, "Playground · Coinslot", "Try an app, and pay for what you use."),
    Page("404", missing, "Not found · Coinslot", "There is no such page."),
)  # fmt: skip
