"""The help over the guide as it is, read once, with or without a model that says what a test wants."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from app.domain import clock
from app.flows.help.asked.phrasings import read_asked
from app.flows.help.corpus import Corpus, read_corpus
from app.flows.help.desk import HelpDesk, HelpModel
from app.flows.help.gate import passes
from app.flows.help.index import Evidence, Index
from app.ports.providers import ProviderTarget
from tests.support.scripted import Scripted
from tests.support.served import api

BASE_URL = "https://pay.example.org"


@cache
def document() -> Mapping[str, Any]:
    """Returns the API's own document."""
    return api().openapi()


@cache
def corpus() -> Corpus:
    """Returns all that the help knows."""
    return read_corpus(document())


@cache
def index() -> Index:
    """Returns the index of it."""
    return Index(corpus().searched, read_asked())


def evidence_of(question: str, most: int = 3) -> Evidence:
    """Returns what is found of a question."""
    return index().find(question, most)


def is_let_in(question: str) -> bool:
    """Tells whether the gate lets a question in."""
    return passes(question, evidence_of(question, 5))


def desk(model: Scripted | None = None, now: Callable[[], float] = clock.monotonic_seconds) -> HelpDesk:
    """Returns a desk; `model` answers what passes the gate."""
    target = ProviderTarget("built-in", "https://models.example/v1", "sk-operator")
    worded = None if model is None else HelpModel(model, target, "some/model")
    return HelpDesk(lambda: (corpus(), index()), BASE_URL, worded, now)
