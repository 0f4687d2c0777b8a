"""Browsers without a window: they follow the pages of the provider that tests sign in to, over HTTP.

The provider lets everybody in at once, so to follow its redirections is all that a person would do.
"""

from __future__ import annotations

import threading
import urllib.parse
import urllib.request
from typing import Any

import pytest

from envoi.oauth import Consent

__all__ = ["browser", "form_browser", "pasting"]


def browse(url: str) -> str:
    """Be the browser: follow the provider's pages until it sends us to the loopback address."""
    jar = urllib.request.HTTPCookieProcessor()
    answer = urllib.request.build_opener(jar).open(url, timeout=60)
    with answer:
        page: str = answer.read().decode()
        return page


def browser(url: str) -> None:
    threading.Thread(target=browse, args=(url,)).start()


def form_browser(url: str) -> None:
    """The same for `form_post`, whose last page has a script submit a form."""

    def run() -> None:
        page = browse(url)
        action = page.split('action="')[1].split('"')[0]
        fields = {
            part.split('name="')[1].split('"')[0]: part.split('value="')[1].split('"')[0]
            for part in page.split("<input")[1:]
        }
        with urllib.request.urlopen(action, urllib.parse.urlencode(fields).encode(), timeout=60) as answer:
            assert b"close this page" in answer.read()

    threading.Thread(target=run).start()


def pasting() -> Consent:
    """A person whose browser is elsewhere: its last address is copied by hand."""
    found: list[str] = []

    class Stop(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
            if newurl.startswith("http://127.0.0.1:9000/"):
                found.append(newurl)
                return None
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    def open_url(url: str) -> None:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), Stop())
        with pytest.raises(urllib.request.HTTPError) as stopped:
            opener.open(url, timeout=60)
        stopped.value.close()

    return Consent(open_url=open_url, paste=lambda: f" {found[-1]}\n")
