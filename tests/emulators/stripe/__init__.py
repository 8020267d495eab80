"""Stripe as a process of its own, believed by the real SDK: `python -m tests.emulators.stripe --port N`.

It prints one JSON line, `{"port": …, "url": …}`, when it listens; with `--account NAME` also `"account"` and `"keys"`
(`sk_test`, `rk_test`, `sk_live`, `rk_live`), and in `"others"` the same of each further account that is named so. The
SDK reaches it by `StripeClient(key, base_addresses={"api": url})`.
API version 2026-10-28.endive: what was `payment_method_types` in a call is `allowed_payment_method_types` there.

Unknown parameters are refused against the SDK's own `stripe.params`; what Stripe does not take, the emulator does not
take either. Loopback addresses may be webhook endpoints, unlike at Stripe.
Test cards: `tests/emulators/stripe/objects/cards.py`.

A balance transaction comes 3 seconds after its charge, a card's dispute or warning 1 second after it, the end of a
pending or failing refund 5 seconds after it; all by the emulator's clock, which the `Date` of each answer tells.

One route controls it: `POST /_emulator` with `{"do": NAME, …fields}`; `tests/support/stripe_bank.py` is its client.
- accounts: `account` (name, country, currency), `key` (account, permissions, live), `permissions` (key, permissions),
  `revoke` (key), `switch` (account, any of adaptive_pricing, payer_currency, tax_basis_points, rate_limit,
  refunds_wait, fee_seconds, trouble_seconds)
- faults: `fault` (kind of answer, timeout, reset, slow; account, method, path, times, status, does_work, seconds),
  `no_faults`, `reset` (everything)
- time: `advance` (seconds)
- webhooks: `webhooks` (account; lose, copies, hold), `release` (account, seed), `repeat` (event), `quiet`,
  `endpoint` (endpoint, status)
- payers: `pay` (session; number, saved, save, delayed, email), `delayed` (session, paid), `authenticate` (intent,
  right), `discount` (session, cents)
- banks and the dashboard: `refund` (payment, cents), `end_refund` (refund, status), `dispute` (payment, cents,
  inquiry, reason), `end_dispute` (dispute, status), `warn` (payment), `payout` (account, cents), `movement` (account,
  cents, kind, description), `foreign` (account, count, cents, number, metadata), `new_card` (payment_method, year,
  last4)
- looking: `look` (account, kind), `deliveries` (account), `seen` (account)

All that name an account take `live` for its live mode. A payment is a PaymentIntent's id or its charge's; the newest
payment, refund or dispute is meant where none is named.
"""
