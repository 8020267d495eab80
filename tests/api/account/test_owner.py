"""The account API is for accounts' keys, and its errors have its own shape."""

import httpx

from tests.support.server import Demo


def test_an_apps_key_and_none_are_told_what_is_wanted(demo: Demo) -> None:
    def asked(**headers: str) -> tuple[int, dict[str, str]]:
        answer = httpx.get(f"{demo.base_url}/api/v1/credits/balance", headers=headers)
        return answer.status_code, answer.json()

    status, said = asked(Authorization=f"Bearer {demo.key}")
    assert (status, said["code"], set(said)) == (403, "wrong_mode", {"error", "code"})
    status, said = asked()
    assert status == 401 and said["error"].startswith("No API key was given")
