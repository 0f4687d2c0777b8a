"""A mail through a proxy: TLS is with the server, and the name is the proxy's to resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi import ConnectionFailed
from tests.interop.mails import new_mail
from tests.interop.proxies import PASSWORD, Proxy, running_proxy
from tests.interop.sessions import assert_tells_no_secret
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.sessions import Client
    from tests.servers.postfix import Postfix

pytestmark = pytest.mark.programs("dovecot", "postfix")


@pytest.fixture(params=["http", "socks5"])
def proxy(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    with running_proxy(request.param) as running:
        yield running


@pytest.mark.parametrize("port", ["submission", "submissions"])
def test_a_mail_goes_through_a_proxy(client: Client, postfix: Postfix, proxy: Proxy, port: str) -> None:
    client.secrets.append(PASSWORD)
    listener = getattr(postfix, port)
    message_id, mail = new_mail()
    with client.session(listener, user=ALICE, proxy=proxy.url(PASSWORD)) as session:
        assert session.send(mail, sender=ALICE.address, recipients=[BOB.address]).verified
    assert proxy.asked_for == [f"localhost:{listener.port}"]
    assert listener.as_sent(postfix.mailbox(BOB).wait_for(message_id)) == mail


def test_a_proxy_that_refuses_is_named(client: Client, postfix: Postfix, proxy: Proxy) -> None:
    wrong = "close sesame"
    client.secrets.append(wrong)
    session = client.session(postfix.submission, user=ALICE, proxy=proxy.url(wrong))
    with pytest.raises(ConnectionFailed, match=f"127.0.0.1:{proxy.port}") as caught, session:
        pass
    assert proxy.asked_for == []
    assert_tells_no_secret(f"{caught.value} {caught.value!r}", [wrong])
