"""The routers of the account API, in the order in which its document lists them."""

from app.api.account import credits, keys, models, own_keys, usage
from app.api.account.beside import asking, copilot, memory, optimization
from app.api.account.kept import conversations, history, privacy
from app.api.account.paying import auto_topup, purchase

ROUTERS = tuple(
    module.router
    for module in (
        models,
        credits,
        purchase,
        auto_topup,
        usage,
        history,
        conversations,
        privacy,
        keys,
        own_keys,
        copilot,
        asking,
        memory,
        optimization,
    )
)
"""What FastAPI serves of it; chat comes in by its own way."""
