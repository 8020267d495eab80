"""Markdown, as the guide and models write it. Pure."""
