"""An Ethereum account in the visitor's browser, as a way to sign in."""
