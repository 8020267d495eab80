"""The chat page: what somebody is told before they ask."""
