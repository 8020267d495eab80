"""Providers of sign-in, behind one port."""
