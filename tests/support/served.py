"""The API as a process serves it, made once: reading what each route takes is a quarter of a second of a core."""

from functools import cache

from fastapi import FastAPI

from app.api.serving.http import create_api


@cache
def api() -> FastAPI:
    """Returns the API of this process; it keeps nothing of who called it."""
    return create_api()
