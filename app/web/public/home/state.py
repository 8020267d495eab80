"""What the first page knows of its instance: its address, and in the demo the ways into its two apps."""

import reflex as rx

from app import wiring
from app.flows.paywalls.demo import PAYWALL_ID, SHARED_PAYWALL_ID

DEMO_USER = "ada"


class HomeState(rx.State):
    """One open first page. It shows the same to everybody; the links of the demo's own apps exist in the demo only."""

    base_url: str = "http://127.0.0.1:8000"
    is_demo: bool = False
    topup_link: str = ""
    connect_link: str = ""

    @rx.event
    def arrive(self) -> None:
        """Shows this instance's address, and in the demo new links as its apps would send them."""
        self.reset()
        chosen = wiring.get().settings
        self.base_url, self.is_demo = chosen.public_url or self.base_url, chosen.is_demo
        if self.is_demo:
            links = wiring.get().links
            self.topup_link = f"/topup/{links.mint_topup(PAYWALL_ID, DEMO_USER)}/"
            self.connect_link = f"/authorize/{links.mint_connect(SHARED_PAYWALL_ID, DEMO_USER)}/"

    @rx.var
    def code(self) -> str:
        """How an app begins, with this instance's address."""
        return _CODE.replace("BASE_URL", f"{self.base_url}/v1")


_CODE = """from openai import OpenAI

client = OpenAI(
    base_url="BASE_URL",
    api_key="sk-coinslot-test-…",
)
answer = client.chat.completions.create(
    model="demo-mini",
    user="ada",
    messages=[…],
)"""
