"""Tests of `app/api/manage/orders`."""
