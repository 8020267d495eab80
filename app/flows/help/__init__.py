"""Guided help: questions about this product, answered out of its own guide, and no others."""
