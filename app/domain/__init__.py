"""What is true: money, ledger, paywalls, prices, wallets, usage, top-ups.

Everything here would still hold if HTTP, payment rails and providers were gone.
"""
