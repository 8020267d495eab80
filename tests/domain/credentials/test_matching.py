"""An own key serves what its host listed: as written, or by its vendor's name; the first that was saved goes first."""

from app.domain.credentials.matching import OwnKey, find_match
from app.domain.paywalls.provider import AuthStyle


def key(name: str, vendor: str, *models: str) -> OwnKey:
    return OwnKey(f"cred_{name}", "acc_1", name, f"https://{name}.example/v1", AuthStyle.BEARER, vendor,
                  frozenset(models))  # fmt: skip


OPENAI = key("openai", "openai", "gpt-4o", "gpt-4o-mini")
ROUTER = key("openrouter", "", "openai/gpt-4o", "anthropic/claude-sonnet-4")
KEYS = (ROUTER, OPENAI)


def named(model: str, sent_as: str | None = None) -> tuple[str, str] | None:
    found = find_match(KEYS, model, sent_as)
    return None if found is None else (found.key.provider, found.model)


def test_a_vendors_own_host_comes_before_one_that_lists_the_model_as_written() -> None:
    assert named("openai/gpt-4o") == ("openai", "gpt-4o")
    assert named("openai/gpt-4o-mini") == ("openai", "gpt-4o-mini")
    assert named("anthropic/claude-sonnet-4") == ("openrouter", "anthropic/claude-sonnet-4")
    assert named("gpt-4o") == ("openai", "gpt-4o")


def test_what_no_host_listed_is_nobodys() -> None:
    for model in ("gpt-5", "openai/gpt-5", "mistralai/gpt-4o", "claude-sonnet-4", "/gpt-4o", "openai/", ""):
        assert named(model) is None, model
    assert find_match((), "gpt-4o") is None
    assert find_match((key("late", "openai"),), "openai/gpt-4o") is None  # its host listed nothing yet


def test_what_the_paywalls_provider_calls_a_model_is_tried_behind_the_models_own_name() -> None:
    assert named("quick", "openai/gpt-4o-mini") == ("openai", "gpt-4o-mini")
    assert named("openai/gpt-4o", "gpt-4o-mini") == ("openai", "gpt-4o")
    twice = (key("one", "openai", "gpt-4o"), key("two", "openai", "gpt-4o"))
    found = find_match(twice, "openai/gpt-4o")
    assert found is not None and found.key.provider == "one"
