"""Where pages live, and what their addresses hold."""

from urllib.parse import quote, urlencode

HOME = "/"
TOPUP = "/topup/[token]"
SANDBOX_CHECKOUT = "/sandbox/checkout/[token]"
SANDBOX_CARD = "/sandbox/card/[token]"
SANDBOX_BANK = "/sandbox/bank/[token]"
CONFIRM = "/confirm/[token]"
SIGN_IN = "/signin"
AUTHORIZE = "/authorize/[token]"
MENU = "/menu/[token]"
ORDER = "/order/[token]"
WALLET = "/wallet"
WITHDRAW = "/withdraw"
ACTIVITY = "/activity"
CREDITS = "/credits"
CHAT = "/chat"
USAGE = "/usage"
SETTINGS = "/settings"
MAIL = "/mail"
RESERVES = "/reserves"
HELP = "/help"

DASHBOARD = "/dashboard"
NEW_PAYWALL = "/paywalls/new"
EARNINGS = "/earnings"
ACCOUNT_ANALYTICS = "/analytics"
OPERATOR_HEALTH = "/operator/health"
OPERATOR_WALLETS = "/operator/wallets"
OPERATOR_TREASURY = "/operator/treasury"
OPERATOR_ACCOUNTS = "/operator/accounts"
OPERATOR_PAYWALLS = "/operator/paywalls"
OPERATOR_CONNECTIONS = "/operator/connections"
OPERATOR_CATALOGUE = "/operator/catalogue"
OPERATOR_JOBS = "/operator/jobs"
OPERATOR_SETTINGS = "/operator/settings"
PLAYGROUND = "/playground/[slug]"

OVERVIEW = "/paywalls/[paywall]/overview"
ANALYTICS = "/paywalls/[paywall]/analytics"
REQUESTS = "/paywalls/[paywall]/requests"
LEDGER = "/paywalls/[paywall]/ledger"
EVENTS = "/paywalls/[paywall]/events"
ALERTS = "/paywalls/[paywall]/alerts"
PRICES = "/paywalls/[paywall]/prices"
PROVIDER = "/paywalls/[paywall]/provider"
PAYMENTS = "/paywalls/[paywall]/payments"
MESSAGES = "/paywalls/[paywall]/messages"
PROFILE = "/paywalls/[paywall]/profile"
LIMITS = "/paywalls/[paywall]/limits"
KEYS = "/paywalls/[paywall]/keys"
USERS = "/paywalls/[paywall]/users"
USER = "/paywalls/[paywall]/users/[user]"
VERSIONS = "/paywalls/[paywall]/versions"
DANGER = "/paywalls/[paywall]/danger"


def token_of(path: str) -> str:
    """Returns the token in the path of a page behind a link: its last part. Empty where there is none."""
    parts = path.strip("/").split("/")
    return parts[-1] if len(parts) > 1 else ""


def paywall_of(path: str) -> str:
    """Returns the id of the paywall in the path of one of its pages: the part after `paywalls`. Empty without one."""
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "paywalls" else ""


def user_of(path: str) -> str:
    """Returns our own id of the user in the path of their page of a paywall. Empty without one."""
    parts = path.strip("/").split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "users" else ""


def with_query(path: str, **parameters: str) -> str:
    """Returns an address of ours with those parameters that say something."""
    said = urlencode({name: value for name, value in parameters.items() if value})
    return f"{path}?{said}" if said else path


def sign_in_path(path: str) -> str:
    """Returns the sign-in page's address that leads back to a page of ours."""
    return f"{SIGN_IN}/?next={quote(path, safe='')}"
