"""An icon is given by whoever owns the paywall, and served as the PNG that it is, to everybody."""

from app import db
from tests.support.books import make_paywall
from tests.support.managing import own, person
from tests.support.own_pages import at_our_page
from tests.support.pictures import chunk, icon


async def test_an_icon_is_given_by_its_owner_and_served_to_everybody(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    ada, url = person("ada@example.org"), f"/manage/paywalls/{paywall_id}/icon"
    own(paywall_id, ada)
    async with at_our_page(ada) as page:
        given = await page.post(url, content=icon(64, chunk(b"tEXt", b"Comment\0<script>")))
        address = f"/icons/{paywall_id}/{given.json()['icon']}.png"
        for wrong in (b"", b"<svg/>", b"x" * 70_000):
            assert (await page.post(url, content=wrong)).status_code in (400, 413)
        assert (await page.post(url, content=icon(), headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    async with at_our_page(person("bob@example.org")) as page:
        assert (await page.post(url, content=icon(128))).status_code == 404
    async with at_our_page(None) as page:
        assert (await page.post(url, content=icon(128))).status_code == 401
        served = await page.get(address)
        assert (await page.get(f"/icons/{paywall_id}/0000000000000000.png")).status_code == 404
    assert served.content == icon(64) and served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff" and "immutable" in served.headers["cache-control"]
    assert "default-src 'self'" in served.headers["content-security-policy"]
