"""Who calls us: every endpoint over real HTTP or ASGI."""
