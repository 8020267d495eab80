"""The playground of a paywall: what its page asks of us."""
