"""Drafts: paywalls that somebody is about to make, kept until they are made or forgotten."""
