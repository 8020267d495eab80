"""One request, whichever door it came through."""

from app.flows.chat.call import Call
from app.formats.openai_request import read_chat_request
from tests.support.books import make_snapshot


def test_the_way_back_is_what_the_app_said_of_it(database: str) -> None:
    request = read_chat_request({"model": "m", "messages": [{"role": "user", "content": "Hello"}]})
    bare = Call(snapshot=make_snapshot(), user="ada", user_from=None, request=request, request_id="req_1")
    assert bare.way_back == (None, None) and not bare.wants_errors
    bare.return_url, bare.state = "https://x.example/", "s"
    assert bare.way_back == ("https://x.example/", "s")
