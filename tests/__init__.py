"""Tests mirror app/: what is in `app/x/y.py` is tried in `tests/x/test_y.py`."""
