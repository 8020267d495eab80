"""The house as tables: who may import what, in which order, and the few exceptions with their reasons.

A new noun of the domain, a new package from PyPI or a new exception is one line here.
"""

DOMAIN_ORDER = (
    "record", "errors", "plain_json", "network", "clock", "ids", "key_text", "money", "tables", "turns", "idempotency",
    "links", "instance", "leases", "ledger", "rows", "people", "operators", "paywalls", "playground", "providers",
    "credentials", "drafts", "icons", "limits",
    "authorizations", "pricing", "catalogue", "wallets", "funnel", "legs", "safety", "usage", "orders", "earnings",
    "topups", "refunds", "disputes", "credits", "routing",
    "rollups", "analytics", "transactions", "payouts", "chain_deposits", "reserves", "events", "inbox", "movements",
    "cards", "alerts", "conversations", "all_tables",
)  # fmt: skip
"""A domain package may import those before it, and itself."""

WINGS: dict[str, tuple[str, ...]] = {
    "flows": (
        "callers", "events", "catalogue", "limits", "orders", "playground", "payments", "cards", "disputes", "wallets",
        "providers", "paywalls", "pricing", "drafts", "vault", "chat", "modes", "talk", "people", "conversations",
        "settlement", "reconciling", "upkeep", "help",
    ),
    "adapters": ("outbound", "providers", "demo", "limits", "payments", "chain", "prices", "login", "mail"),
    "api": ("common", "v1", "playground", "account", "manage", "talk", "inbound", "auth", "wire", "serving"),
    "web": ("frame", "components", "public", "end_user", "developer", "operator"),
}  # fmt: skip
"""The wings of a room, lowest first: a wing imports only wings before it, and itself."""

FIRST_PARTY: dict[str, tuple[str, ...]] = {
    "private_files": (),
    "settings": ("private_files",),
    "sql": (),
    "domain": ("sql",),
    "threads": ("domain.errors", "domain.clock"),
    "each_alone": ("domain.errors",),
    "keeper": ("domain.clock",),
    "formats": ("domain",),
    "ports": ("domain",),
    "db": ("domain", "sql", "settings", "private_files", "threads"),
    "db_writer": ("domain", "sql", "db"),
    "commit_queue": ("domain", "sql", "db", "db_writer"),
    "flows": (
        "domain",
        "formats",
        "ports",
        "db",
        "commit_queue",
        "threads",
        "each_alone",
        "keeper",
        "sql",
    ),
    "adapters": ("ports", "domain.money", "domain.errors", "domain.clock", "domain.limits.window", "settings"),
    "wiring": ("adapters", "flows", "ports", "domain", "commit_queue", "settings", "each_alone", "keeper"),
    "api": ("flows", "formats", "ports", "domain", "db", "wiring", "threads", "each_alone"),
    "web": ("flows", "domain", "ports", "db", "wiring"),
    "jobs": ("flows", "domain.leases", "domain.errors", "domain.clock", "db", "wiring", "settings", "each_alone"),
    "cli_by_hand": ("flows", "domain", "db", "settings", "api", "private_files", "wiring"),
    "cli": ("flows", "domain", "db", "wiring", "settings", "api", "web.build", "jobs", "cli_by_hand"),
    "app": ("api", "web", "jobs", "flows", "domain", "db", "commit_queue", "wiring", "settings"),
}  # fmt: skip
"""What a room may import of `app`, beside itself: the table of `house.md`, with the single files."""

THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "private_files": (),
    "settings": ("pydantic", "pydantic_settings"),
    "sql": ("sqlmodel", "sqlalchemy", "orjson"),
    "domain": ("sqlmodel", "sqlalchemy", "orjson", "email_validator"),
    "threads": (),
    "each_alone": (),
    "keeper": (),
    "db": ("sqlmodel", "sqlalchemy", "alembic"),
    "db_writer": ("sqlalchemy",),
    "commit_queue": ("sqlalchemy",),
    "formats": ("orjson", "markdown_it"),
    "ports": (),
    "flows": ("sqlmodel", "sqlalchemy", "orjson"),
    "wiring": ("pydantic",),
    "api": ("fastapi", "starlette", "pydantic", "orjson", "prometheus_client"),
    "web": ("reflex", "reflex_base", "reflex_components_core", "segno", "orjson"),
    "jobs": ("apscheduler",),
    "cli_by_hand": ("typer", "rich"),
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
    ("app/api/serving/server.py", "uvicorn"): "this is where the server is started",
    ("app/api/wire/http_protocol.py", "uvicorn"): "its protocol, with bounds",
    ("app/api/wire/http_protocol.py", "httptools"): "the parser that it stands on",
    ("app/api/wire/cycle.py", "uvicorn"): "one request and its answer in that protocol",
    ("app/api/wire/socket_protocol.py", "uvicorn"): "the server's own protocol of WebSockets, with bounds",
    ("app/api/wire/socket_protocol.py", "wsproto"): "what that protocol reads frames with",
}
"""(file, what it imports) outside the tables, each with its reason."""

ENVIRONMENT_READERS: dict[str, str] = {
    "app/settings/settings.py": "the one place that reads COINSLOT_*",
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
    "app/api/v1/answering.py": "the end of a stream: whatever happened, the hold is settled or released",
    "app/each_alone.py": "loops that serve many: an item that fails is logged, and is nobody else's failure",
    "app/flows/chat/end.py": "words of ours that fail must not keep an answer from its settlement",
    "app/db_writer.py": "a connection that cannot even roll back is given up, whatever the driver says",
    "app/commit_queue.py": "the writer answers every caller with its own error, and lives",
}
"""Files that may catch everything, once each, if they log it."""

UNTESTED_BY_NAME: dict[str, str] = {}
"""Files in mirrored rooms without a test file of the same name, beside `__init__.py` and `tables.py`."""

LONG_FILES: dict[str, str] = {}
"""Files of `app` that may have up to 400 lines, each with its reason."""

NO_PAGE = "its page comes with the dashboard"
UNCALLED: dict[str, str] = {
    "app/domain/rollups/reading.py:read_top_users": NO_PAGE,
}
"""`file:function` that nobody in `app` calls yet, each with its reason."""
