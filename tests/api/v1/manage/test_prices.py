"""Prices are read and changed by the Management API as one version, and never on an old one."""

from collections.abc import Iterator
from fractions import Fraction

import httpx
import pytest

from tests.support.managing_api import managing
from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_prices_change_as_one_version_or_not_at_all(site: Owned) -> None:
    api = managing(site)
    before = api.call("GET", "/prices").json()
    assert {"demo-mini"} <= {price["model"] for price in before["data"]}
    own = {"model": "demo-mini", "input": "3", "output": "0", "markup_percent": "12.5"}
    wanted = {"read_version": before["version"], "own": [own]}
    after = api.call("POST", "/prices", wanted).json()
    price = next(one for one in after["data"] if one["model"] == "demo-mini")
    assert (after["version"], price["input"], price["output"], price["markup_percent"]) == (
        before["version"] + 1, "3", "0", "12.5",
    )  # fmt: skip
    assert api.call("POST", "/prices", wanted).status_code == 409
    newest = {"read_version": after["version"]}
    refused: list[tuple[dict[str, object], str]] = [
        ({"own": {}}, "own"), ({"own": [own, {"model": "demo-large", "output": ""}]}, "own[1].output"),
        ({"own": [1]}, "own[0]"), ({"own": [{**own, "extra": 1}]}, "own[0].extra"), ({"off": ["nothing"]}, "off[0]"),
        ({"off": [1]}, "off"), ({"follow": ["no/such"]}, "follow[0]"),
        ({"own": [{**own, "model": ""}]}, "own[0].model"),
        ({"own": [{**own, "markup_percent": "10001"}]}, "own[0].markup_percent"),
        ({"own": [{**own, "markup_percent": "1.005"}]}, "own[0].markup_percent"),
        ({"own": [{**own, "input": 0.5}]}, "own[0].input"), ({"unknown": 1}, "unknown"), ({"own": [own, own]}, "model"),
    ]  # fmt: skip
    for bad, field in refused:
        answer = api.call("POST", "/prices", {**newest, **bad})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, field), answer.text
    assert api.call("POST", "/prices", {}).status_code == 400
    assert api.call("GET", "/prices").json() == after
    shared = api.call("GET", "/prices", paywall="pw_demo_shared").json()
    lossy = {"read_version": shared["version"], "own": [{"model": "demo-large"}, {"model": "demo-mini", "input": "0"}]}
    lost = api.call("POST", "/prices", lossy, paywall="pw_demo_shared").json()["error"]
    assert lost["param"] == "own[1].input" and lost["message"].startswith("`input` of demo-mini must be higher")


def test_what_is_left_out_of_a_price_stays_and_what_is_null_is_cleared(site: Owned) -> None:
    api = managing(site)

    def publish(**own: object) -> dict[str, object]:
        version = api.call("GET", "/prices").json()["version"]
        answer = api.call("POST", "/prices", {"read_version": version, "own": [{"model": "demo-large", **own}]})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = next(one for one in answer.json()["data"] if one["model"] == "demo-large")
        return found

    first = publish(input="2", output="8", cached_input="0.5", reasoning="9", request="0.001", minimum="0.002",
                    markup_percent="25", image="3")  # fmt: skip
    assert publish() == first == {**first, "reasoning": "9", "cache_write": None, "image": "3", "tiers": []}
    assert publish(input="3") == {**first, "input": "3"}
    cleared = publish(cached_input=None, reasoning=None, request=None, minimum=None, markup_percent=None, image=None,
                      tiers=None)  # fmt: skip
    assert cleared == {**first, "input": "3", "cached_input": "3", "reasoning": None, "request": "0", "minimum": "0",
                       "markup_percent": "0", "image": "0"}  # fmt: skip
    assert publish(input="4")["cached_input"] == "4", "what costs as input does goes along with it"
    version = api.call("GET", "/prices").json()["version"]
    for field, bad in (("input", None), ("tiers", []), ("reasoning", "x")):
        answer = api.call("POST", "/prices", {"read_version": version, "own": [{"model": "demo-large", field: bad}]})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, f"own[0].{field}"), answer.text
    new = api.call("POST", "/prices", {"read_version": version, "own": [{"model": "never-sold", "input": "1"}]})
    assert (new.status_code, new.json()["error"]["param"]) == (400, "own[0].output")


@pytest.mark.unhurried
def test_nothing_is_free_a_billionth_is_kept_and_what_is_off_is_not_sold(site: Owned) -> None:
    """`research/dashboard_modes.md` (d) 7: the next request is charged by what was just published."""
    api, user = managing(site), site.demo.new_user("5")

    def publish(**change: object) -> None:
        version = api.call("GET", "/prices").json()["version"]
        assert api.call("POST", "/prices", {"read_version": version, **change}).status_code == 200

    def charge_of(answer: httpx.Response) -> str:
        return str(answer.json()["paywall"]["charge"])

    publish(own=[{"model": "demo-mini", "input": "0", "output": "0"}])
    assert charge_of(site.demo.chat("demo-mini", user)) == "0" and site.demo.spendable(user) == 5
    publish(own=[{"model": "demo-mini", "input": "0.000000001", "output": "0", "request": "0.000000001"}])
    price = next(one for one in api.call("GET", "/prices").json()["data"] if one["model"] == "demo-mini")
    assert (price["input"], price["request"]) == ("0.000000001", "0.000000001")
    assert Fraction(charge_of(site.demo.chat("demo-mini", user))) >= Fraction(1, 10**9)
    publish(off=["demo-mini"])
    refused = site.demo.chat("demo-mini", user)
    assert refused.status_code == 404 and refused.json()["error"]["code"] == "model_not_priced"
    publish(own=[{"model": "demo-mini", "input": "1", "output": "2"}])
    assert Fraction(charge_of(site.demo.chat("demo-mini", user))) > Fraction(1, 10**6)
