"""The house as tables: who may import what, in which order, and the few exceptions with their reasons.

A new noun of the domain, a new package from PyPI or a new exception is one line here.
"""

DOMAIN_ORDER = (
    "errors", "plain_json", "network", "clock", "ids", "key_text", "money", "tables", "turns", "idempotency", "links",
    "leases", "ledger", "rows", "people", "paywalls", "limits", "authorizations", "pricing", "catalogue", "wallets",
    "usage", "earnings", "topups", "refunds", "payouts", "chain_deposits", "events", "inbox", "all_tables",
)  # fmt: skip
"""A domain package may import those before it, and itself."""

FIRST_PARTY: dict[str, tuple[str, ...]] = {
    "private_files": (),
    "settings": ("private_files",),
    "domain": (),
    "threads": ("domain",),
    "db": ("domain", "settings", "private_files", "threads"),
    "db_writer": ("domain", "db"),
    "commit_queue": ("domain", "db", "db_writer"),
    "formats": ("domain",),
    "flows": ("domain", "formats", "db", "commit_queue", "settings", "threads"),
    "adapters": (
        "flows.ports",
        "flows.limit_port",
        "flows.webhook_port",
        "domain.money",
        "domain.errors",
        "domain.clock",
        "settings",
    ),
    "wiring": ("adapters", "flows", "domain", "commit_queue", "settings"),
    "api": ("flows", "domain", "db", "wiring", "settings", "threads"),
    "web": ("flows", "domain", "db", "wiring", "settings"),
    "jobs": ("flows", "domain.leases", "domain.errors", "db", "wiring", "settings"),
    "cli": ("flows", "domain", "db", "wiring", "settings", "api", "web.build", "jobs", "private_files"),
    "app": ("api", "web", "jobs", "flows", "domain", "db", "commit_queue", "wiring", "settings"),
}
"""What a room may import of `app`, beside itself: the table of `architecture.md`, with the single files.

`settings` lies left of all; only the domain is true whatever they say.
"""

THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "private_files": (),
    "settings": ("pydantic", "pydantic_settings"),
    "domain": ("sqlmodel", "sqlalchemy", "orjson", "email_validator"),
    "threads": (),
    "db": ("sqlmodel", "sqlalchemy", "alembic"),
    "db_writer": ("sqlalchemy",),
    "commit_queue": ("sqlalchemy",),
    "formats": ("orjson",),
    "flows": ("sqlmodel", "sqlalchemy", "orjson"),
    "wiring": (),
    "api": ("fastapi", "starlette", "pydantic", "orjson", "prometheus_client"),
    "web": ("reflex", "reflex_base", "reflex_components_core"),
    "jobs": ("apscheduler",),
    "cli": ("typer", "rich"),
    "app": ("reflex",),
}
"""Packages from PyPI that a room may import. `adapters` may import its vendors, each in one file."""

EVERYWHERE = ("structlog",)
"""Packages that are no room's own: logs are written by all."""

SHARED_BY_ADAPTERS = ("aiohttp", "httpx", "orjson", "pydantic")
"""Packages that are no vendor: how adapters speak, not whom they call."""

NEVER_IN_ADAPTERS = ("fastapi", "starlette", "uvicorn", "reflex", "apscheduler", "typer", "rich", "sqlmodel", "alembic")

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("app/api/server.py", "uvicorn"): "this is where the server is started",
    ("app/api/http_protocol.py", "uvicorn"): "its protocol, with bounds",
    ("app/api/http_protocol.py", "httptools"): "the parser that it stands on",
    ("app/api/socket_protocol.py", "uvicorn"): "the server's own protocol of WebSockets, with bounds",
    ("app/api/socket_protocol.py", "wsproto"): "what that protocol reads frames with",
}
"""(file, what it imports) outside the tables, each with its reason."""

ENVIRONMENT_READERS: dict[str, str] = {
    "app/settings.py": "the one place that reads COINSLOT_*",
    "app/web/build.py": "hands PATH on to Reflex's build, and sets its switches before Reflex is imported",
}
"""Files that may look at the process's environment."""

TIME_READERS: dict[str, str] = {"app/domain/clock.py": "the one clock"}

COMMITTERS: dict[str, str] = {
    "app/db.py": "transaction() commits at its end",
    "app/db_writer.py": "the transactions of the commit queue, on the driver itself",
}

BROAD_EXCEPTS: dict[str, str] = {
    "app/jobs/leased.py": "the job wrapper: one job's failure must not end the scheduler",
    "app/api/stripe_webhook.py": "the webhook handler: what failed is repeated by the inbox job",
    "app/api/chat.py": "the end of a stream: whatever happened, the hold is settled or released",
    "app/flows/each_alone.py": "loops that serve many: an item that fails is logged, and is nobody else's failure",
    "app/flows/chat_wording.py": "words of ours that fail must not keep an answer from its settlement",
    "app/db_writer.py": "a connection that cannot even roll back is given up, whatever the driver says",
    "app/commit_queue.py": "the writer answers every caller with its own error, and lives",
}
"""Files that may catch everything, once each, if they log it."""

UNTESTED_BY_NAME: dict[str, str] = {
    "app/flows/ports.py": "shapes only; the contract suites of tests/adapters run them",
    "app/flows/redactor_port.py": "shapes only; tests/adapters/test_key_redactor.py runs them",
    "app/flows/limit_port.py": "shapes only; tests/flows/limit_counting.py is its contract",
    "app/flows/webhook_port.py": "shapes only; tests/adapters/test_messenger_http.py is its contract",
}
"""Files in mirrored rooms without a test file of the same name, beside `__init__.py` and `tables.py`."""
