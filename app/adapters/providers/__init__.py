"""Upstreams of chat, and what counts and cleans what they say."""
