"""The pages of Stripe's that a payer sees: checkout, and a bank's 3-D Secure."""
