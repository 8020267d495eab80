"""Authorizations: an account's consent that a paywall may charge its shared wallet, with a spending cap."""
