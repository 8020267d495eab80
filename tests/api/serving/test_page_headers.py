"""Headers of what a browser may show."""

from app.api.serving.page_headers import OWN_POLICY, may_be_page, page_headers


def test_only_a_server_behind_https_asks_browsers_to_stay_with_it() -> None:
    names = {name for name, _ in page_headers(OWN_POLICY, is_secure=False)}
    secure = dict(page_headers(OWN_POLICY, is_secure=True))
    assert names == {b"referrer-policy", b"content-security-policy", b"x-content-type-options"}
    assert secure[b"strict-transport-security"] == b"max-age=31536000"
    assert secure[b"content-security-policy"].startswith(b"default-src 'self';")


def test_pages_are_told_by_their_kind() -> None:
    assert may_be_page([(b"content-length", b"1"), (b"content-type", b"text/html; charset=utf-8")])
    assert may_be_page([(b"etag", b"x")])  # a 304, whose headers a browser takes for the page's
    assert not may_be_page([(b"content-type", b"application/json")])
