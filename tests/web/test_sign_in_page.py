"""Signing in leads where the address says, whatever the tab still knows of an address before."""

from app.web.public.sign_in.page import sign_in
from app.web.public.sign_in.state import SignInState


def test_every_form_and_link_reads_where_it_leads_from_the_address() -> None:
    """Seen on a busy machine: the form of `/signin/` was sent before `/signin/?next=…` was read, and led nowhere."""
    drawn = str(sign_in())
    forms = drawn.split('name:"next"')[1:]
    assert len(forms) == 4 and all("window.location.search" in one[:300] for one in forms)
    assert drawn.count("encodeURIComponent(") == 2
    assert not any("next" in name for name in SignInState.base_vars)
