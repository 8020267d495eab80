"""Own keys over the account API: saved by name, listed without the key, removed; each tried at its host first."""

from tests.support.own_demo import OwnDemo

URL = "/api/v1/settings/keys"


def test_keys_are_saved_listed_and_removed_by_name(with_credits: OwnDemo) -> None:
    own = with_credits.client
    empty = own.get(URL).json()
    assert empty["keys"] == {} and {"openai", "openrouter", "anthropic"} <= set(empty["providers"])
    saved = own.put(URL, json={"keys": {"Demo": "demo-canary-1234"}})
    assert saved.status_code == 200 and saved.json()["saved"] == ["demo"] and "canary" not in saved.text
    listed = own.get(URL)
    assert "canary" not in listed.text
    one = listed.json()["keys"]["demo"]
    assert (one["kind"], one["last_four"], one["status"], one["last_used_at"]) == ("key", "1234", "ready", None)
    assert one["models"] > 0
    gone = own.delete(f"{URL}/demo")
    assert gone.json()["deleted"] == "demo" and gone.json()["keys"] == {}
    missing = own.delete(f"{URL}/demo")
    assert missing.status_code == 404 and set(missing.json()) == {"error", "code"}


def test_what_is_no_key_is_refused_in_the_clients_words(with_credits: OwnDemo) -> None:
    own = with_credits.client
    no_keys: tuple[object, ...] = ({}, {"keys": []}, {"keys": {}})
    wrong = (7, {"base_url": "https://api.example/v1"}, {"key": "sk-1", "base_url": "http://127.0.0.1:9/v1"})
    named = ("nobody-knows", "built-in", "a b")
    of_keys = [*({"mine": value} for value in wrong), *({name: "sk-1"} for name in named), {"openai": 7}]
    for body in (*no_keys, *({"keys": keys} for keys in of_keys)):
        answer = own.put(URL, json=body)
        assert answer.status_code == 400 and answer.json()["param"].startswith("keys"), (body, answer.text)
    for raw in (b"[1]", b"{", b'{"keys": {"demo": "a-key-1234", "demo": "a-key-5678"}}'):
        answer = own.put(URL, content=raw, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) in ((400, "invalid_json"), (400, "repeated_key")), raw
    assert own.get(URL).json()["keys"] == {}
