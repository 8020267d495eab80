"""Conversations: what people asked models and were answered, sealed, for as long as they want it kept."""
