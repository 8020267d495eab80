"""Which methods a path answers to, for whoever asked with another one: 405 and a right `Allow`, or 404."""

import re
from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.api.common.errors import WRONG_METHOD
from app.domain.errors import NotFound
from app.domain.wallets.wallets import RESERVED_WORDS


class Methods:
    """The methods of every path of the API as it stands, and of `more`, which are served elsewhere."""

    def __init__(self, api: FastAPI, more: Iterable[tuple[str, str]] = ()) -> None:
        found = [(route.path, set(route.methods or ())) for route in iter_route_contexts(api.routes) if route.path]
        found += [(path, {method}) for path, method in more]
        self._paths: list[tuple[re.Pattern[str], set[str]]] = [(compile_path(path)[0], named) for path, named in found]
        self.first_words = frozenset(path.split("/")[1] for path, _ in found)

    def at(self, path: str) -> list[str]:
        """Returns the methods that a path answers to, HEAD among them wherever GET is; none where nothing lives."""
        methods: set[str] = set()
        for pattern, named in self._paths:
            match = pattern.match(path)
            if match is not None and match.groupdict().get("path_user") not in RESERVED_WORDS:
                methods |= named
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)

    def refusal(self, method: str, path: str) -> HTTPException | NotFound:
        """Returns the error for a method that a path has no route for."""
        methods = self.at(path)
        if not methods or method in methods:
            return NotFound(f"There is no {method} {path}.")
        return HTTPException(WRONG_METHOD, headers={"Allow": ", ".join(methods)})
