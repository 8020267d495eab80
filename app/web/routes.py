"""Where pages live, and what their addresses hold."""

HOME = "/"
TOPUP = "/topup/[token]"
SANDBOX_CHECKOUT = "/sandbox/checkout/[token]"


def token_of(path: str) -> str:
    """Returns the token in the path of a page behind a link: its last part. Empty where there is none."""
    parts = path.strip("/").split("/")
    return parts[-1] if len(parts) > 1 else ""
