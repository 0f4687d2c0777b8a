from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.oauth.visit import Request, RequestReader, page

GET = b"GET /back?code=c%20d&state=s HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nAccept: */*\r\n\r\n"
POST = b"POST /back HTTP/1.1\r\nhost: h\r\nContent-Length: 14\r\n\r\ncode=c&state=s"


@given(st.integers(min_value=1, max_value=20), st.sampled_from([GET, POST]))
def test_reads_requests_in_any_pieces(size: int, raw: bytes) -> None:
    reader = RequestReader()
    found: list[Request] = []
    for start in range(0, len(raw), size):
        assert found == []
        request = reader.feed(raw[start : start + size])
        found += [request] if request else []
    (request,) = found
    assert request.path == "/back"
    assert request.fields["state"] == "s"
    assert request.fields["code"] == ("c d" if request.method == "GET" else "c")
    assert "state" not in repr(request)


@pytest.mark.parametrize(
    "raw",
    [
        b"PUT / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\r\nHost: h\r\n\r\n",
        b"GET / SMTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n\xff",
        b"GET /?state=a&state=b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_refuses_what_no_browser_sends(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        RequestReader().feed(raw)


@given(st.binary(max_size=200))
def test_survives_anything(raw: bytes) -> None:
    try:
        RequestReader().feed(raw + b"\r\n\r\n")
    except ValueError:
        return


def test_a_page_says_what_it_is_and_loads_nothing() -> None:
    head, _, body = page("Welcome <b>", "close & go").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert b"default-src 'none'" in head
    assert b"no-store" in head
    assert b"<h1>Welcome &lt;b&gt;</h1>" in body
