"""The chat page: what somebody is told before they ask, and what an answer costs while it runs."""
