"""Connections: HTTP/1.1 and WebSockets, with bounds for what a stranger may send and leave unread."""
