"""What the wizard says of the modes: when to take which, when not, and how they differ, line by line."""

from dataclasses import dataclass

STEPS = ("Mode", "Provider", "Payments", "Prices", "Finish")


@dataclass(frozen=True)
class ModeWords:
    """A mode as it is offered."""

    way: str
    title: str
    beneath: str
    text: str
    use_if: tuple[str, ...]
    avoid_if: str


MODES = (
    ModeWords(
        "default", "Default", "App-scoped wallets, in USD",
        "Each user has a wallet in your app. Money goes straight to your Stripe or your own rails, and you connect your"
        " own provider.",
        ("you need direct cash flow to your Stripe", "you price per model by a contract of your own",
         "you control credits, invoices and refunds under your policies"),
        "you don’t want to manage a provider or payments yourself",
    ),
    ModeWords(
        "shared", "Shared", "Cross-app wallet, in USDC",
        "Users top up once and spend in every app that they authorize. A built-in provider works with no setup; your"
        " earnings accrue here.",
        ("you want a launch with little to set up", "your users should bring a wallet that they have",
         "the provider should be settled for you, your margin preserved"),
        "you need invoices per customer under your own merchant account",
    ),
)  # fmt: skip

COMPARED = (
    ("Who holds the funds", "You: a virtual balance of each user, of use in your app only",
     "The end user: one wallet for all apps"),
    ("Who pays the provider", "You, with your own key",
     "Coinslot (built-in) or your own key, out of the user’s charge"),
    ("Provider setup", "Required: OpenAI, Together, OpenRouter or any OpenAI-compatible endpoint",
     "Optional: built-in works at once, your own key too"),
    ("Authorization by the end user", "Not required", "Required, once, with a spending cap"),
    ("Top-ups", "Your Stripe (restricted key) or your own rails; link and deposit are made for you",
     "Hosted by Coinslot; the assistant’s message holds the link"),
    ("Cash flow", "Funds reach your accounts at once", "Earnings: pending for a while, then available"),
    ("Refunds", "You decide about charges and payments", "You refund charges; top-ups follow the instance’s rules"),
    ("Balance may be used", "In your app only", "In every app that the user authorizes"),
    ("Models", "What your provider offers", "The full catalogue by the built-in provider, plus your own"),
    ("Unit", "USD", "USDC"),
    ("Setup time", "Minutes: provider and payments", "Seconds: payments are hosted, provider optional"),
    ("Can be changed later", "No", "No"),
)  # fmt: skip
"""What differs, in default mode and in shared mode."""
