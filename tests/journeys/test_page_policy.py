"""Pages behind a link, or of what is not there, keep to their Content-Security-Policy, and some loaded again in dark.

Those behind no link are looked at by `test_layout_shift`, which opens all of them.
"""

import pytest
from playwright.sync_api import BrowserContext

from tests.journeys.listening import assert_has_policy, complaints_of
from tests.journeys.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

LOADED_AGAIN = 4
"""How many pages are loaded a second time, unless a run is long: what differs then is the server's, not the page's."""
INJECTED = """() => {
  const script = document.createElement("script");
  script.textContent = "window.wasRun = true";
  document.body.append(script);
  const button = document.createElement("button");
  button.setAttribute("onclick", "window.wasRun = true");
  document.body.append(button);
  button.click();
  return fetch("https://evil.example/").then(() => "let out", () => window.wasRun ? "run" : "refused");
}"""


def addresses(site: Site) -> list[str]:
    """Returns the pages that `test_layout_shift` does not open, and a few more, with a link where one is needed."""
    asked = (("balance/topup", "url"), ("menu", "menu"), ("connect", "url"))
    links = [site.call("GET", f"/user/{name}?user=policy").json()[key] for name, key in asked]
    fixed = ("", "signin/", "signin/?step=code", "wallet/", "nowhere/", "help/?page=stripe", "docs", "topup/none/",
             "authorize/none/", "menu/none/", "order/none/", "sandbox/checkout/none/")  # fmt: skip
    return [f"{site.base_url}/{path}" for path in fixed] + links


def test_no_page_asks_for_what_its_policy_refuses(site: Site, phone: BrowserContext, is_long: bool) -> None:
    page = phone.new_page()
    complaints = complaints_of(page)
    page.goto(f"{site.base_url}/signin/?next=/wallet/")
    page.get_by_label("E-mail address").fill("policy@example.org")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill(site.inbox.code("policy@example.org", 0))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text("Nothing spent yet").wait_for()
    for number, address in enumerate(addresses(site)):
        # The second time the server answers 304, and its headers count as well.
        for theme in ("light", "dark") if is_long or number < LOADED_AGAIN else ("light",):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            assert_has_policy(page.goto(address))
            if not address.endswith("/docs"):
                page.locator(f"html.{theme}").wait_for(state="attached")
                page.get_by_role("banner").wait_for()
    page.wait_for_timeout(200)
    assert not complaints


def test_what_finds_its_way_into_a_page_is_not_run(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(f"{site.base_url}/signin/")
    assert page.evaluate(INJECTED) == "refused"
