"""Tests of what moves money on chains."""
