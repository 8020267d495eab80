"""Tests of `app/domain/orders`."""
