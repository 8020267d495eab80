"""What people do on the chat page: ask, choose a mode and its models, and pay for what is not free."""

from collections.abc import Collection

from playwright.sync_api import Page, expect

ANSWER_MILLISECONDS = 30_000
MODELS = ("Demo free", "Demo large", "Demo mini", "Demo flaky")


def ask(page: Page, question: str) -> None:
    """Sends a message, and does not wait for its answer."""
    page.get_by_role("textbox", name="Message").fill(question)
    page.keyboard.press("Enter")


def choose(page: Page, mode: str, models: Collection[str]) -> None:
    """Chooses a mode and exactly these of the demo's models, by their names, in this order."""
    page.get_by_role("button", name=mode, exact=True).click()
    page.locator(".pick summary").click()
    listed = page.locator(".pick-line")
    # Boxes are closed where a mode has as many as it takes: first all go.
    for name in MODELS:
        listed.filter(has_text=name).get_by_role("checkbox").set_checked(False)
    for name in models:
        listed.filter(has_text=name).get_by_role("checkbox").set_checked(True)


def close_choice(page: Page) -> None:
    """Closes the list of models, by the key for it."""
    page.locator(".pick summary").press("Escape")
    expect(page.locator(".pick-list")).to_be_hidden()


def buy(page: Page) -> None:
    """Adds the smallest pack in the sandbox's checkout, from the page of credits and back to it."""
    page.get_by_role("button", name="$3", exact=True).click()
    expect(page.get_by_text("300 credits")).to_be_visible()
    page.get_by_role("button", name="Pay $3.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $3.00").click()
    expect(page.get_by_text("Credits added")).to_be_visible()
