"""How a message will travel, decided before a word of it is said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import InvalidAddress, MessageTooLarge, NotSupportedByServer
from envoi.message.envelope import DeliveryOptions, Envelope, Notify, Recipient
from envoi.message.raw import RawEmail
from envoi.session.plan import Plan, plan
from envoi.session.terms import Terms
from envoi.smtp.capabilities import Capabilities
from envoi.smtp.replies import Reply
from tests.session.contents import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi.message.content import Content

SMALL = Pieces([b"x"], known=3)


def planned(
    *offers: str,
    content: Content = SMALL,
    sender: str = "a@example.org",
    recipients: Iterable[str | Recipient] = ("b@example.org",),
    options: DeliveryOptions | None = None,
) -> Plan:
    """Plan for a server that offers this."""
    offered = Capabilities.from_reply(Reply(code=250, text="\n".join(["x", *offers])))
    return plan(
        Envelope.of(sender, recipients, options), content, Terms.of(offered), server="mail.example.org"
    )


def mail(*offers: str, content: Content = SMALL, sender: str = "a@example.org", **options: object) -> str:
    """The MAIL command of a plan."""
    made = DeliveryOptions(**options)  # type: ignore[arg-type]
    return planned(*offers, content=content, sender=sender, options=made).mail.shown


def test_assumes_nothing() -> None:
    """Behaviours 19 and 68 to 70."""
    made = planned()
    assert made.mail.shown == "MAIL FROM:<a@example.org>"
    assert [command.shown for command in made.recipients.values()] == ["RCPT TO:<b@example.org>"]
    assert not (made.chunking)
    assert not (made.pipelining)
    assert not (made.all_or_nothing)


@pytest.mark.parametrize(
    ("offers", "known", "shown"),
    [
        (["SIZE"], 3, " SIZE=3"),
        (["SIZE 0"], 3, " SIZE=3"),
        (["SIZE 3"], 3, " SIZE=3"),
        (["SIZE 10"], None, ""),
        ([], 3, ""),
    ],
)
def test_tells_the_size_where_it_is_wanted(offers: list[str], known: int | None, shown: str) -> None:
    """Behaviours 23 and 68."""
    assert mail(*offers, content=Pieces([b"x"], known=known)) == f"MAIL FROM:<a@example.org>{shown}"


def test_refuses_a_message_that_is_too_large() -> None:
    with pytest.raises(MessageTooLarge, match=r"3,000 octets.*takes 2,999"):
        planned("SIZE 2999", content=Pieces([], known=3000))


@pytest.mark.parametrize(
    ("offers", "body"),
    [
        (["8BITMIME"], " BODY=8BITMIME"),
        (["8BITMIME", "CHUNKING", "BINARYMIME"], " BODY=8BITMIME"),
    ],
)
def test_declares_eight_bits(offers: list[str], body: str) -> None:
    """Behaviour 69."""
    content = RawEmail("Subject: x\r\n\r\né\r\n".encode(), sender="", recipients=["b@example.org"])
    assert mail(*offers, content=content) == f"MAIL FROM:<a@example.org>{body}"


def test_declares_binary_only_where_it_can_be_carried() -> None:
    """Behaviour 69."""
    binary = Pieces([], body="binarymime")
    assert mail("8BITMIME", "CHUNKING", "BINARYMIME", content=binary).endswith("BODY=BINARYMIME")
    assert mail("8BITMIME", "BINARYMIME", content=binary).endswith("BODY=8BITMIME")


def test_eight_bits_for_a_server_without_them() -> None:
    """Behaviour 97."""
    content = RawEmail(b"Subject: x\r\n\r\n\xe9\r\n", sender="", recipients=["b@example.org"])
    with pytest.raises(NotSupportedByServer, match="8BITMIME"):
        planned(content=content)


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    """Behaviours 70 and 71."""
    assert mail("SMTPUTF8", sender="zoë@example.org") == "MAIL FROM:<zoë@example.org> SMTPUTF8"
    for sender, recipients in (
        ("zoë@example.org", ["b@example.org"]),
        ("", ["b@example.org", "zoë@example.org"]),
    ):
        with pytest.raises(InvalidAddress, match=r"'zoë@example.org'.*does not offer SMTPUTF8"):
            planned(sender=sender, recipients=recipients)


def test_a_domain_beyond_ascii_needs_nothing() -> None:
    """Behaviour 72."""
    assert mail(sender="a@bücher.example") == "MAIL FROM:<a@xn--bcher-kva.example>"


def test_an_international_header_needs_smtputf8() -> None:
    content = RawEmail("Subject: été\r\n\r\nx\r\n".encode(), sender="", recipients=["b@example.org"])
    assert mail("SMTPUTF8", "8BITMIME", content=content).endswith(" BODY=8BITMIME SMTPUTF8")


@pytest.mark.parametrize(
    ("options", "keyword", "parameter"),
    [
        ({"ret": "headers"}, "DSN", "RET=HDRS"),
        ({"envid": "a b"}, "DSN", "ENVID=a+20b"),
        ({"require_tls": True}, "REQUIRETLS", "REQUIRETLS"),
        ({"priority": -3}, "MT-PRIORITY", "MT-PRIORITY=-3"),
        ({"priority": 0}, "MT-PRIORITY", "MT-PRIORITY=0"),
        ({"hold_for": 60}, "FUTURERELEASE", "HOLDFOR=60"),
        (
            {"hold_until": datetime(2027, 1, 1, tzinfo=UTC)},
            "FUTURERELEASE",
            "HOLDUNTIL=2027-01-01T00:00:00+00:00",
        ),
        ({"deliver_by": 120}, "DELIVERBY", "BY=120;R"),
        (
            {"deliver_by": -1, "deliver_by_mode": "notify", "deliver_by_trace": True},
            "DELIVERBY",
            "BY=-1;NT",
        ),
    ],
)
def test_an_option_needs_its_extension(options: dict[str, Any], keyword: str, parameter: str) -> None:
    """Behaviours 40, 73 and 75."""
    assert mail(keyword, **options) == f"MAIL FROM:<a@example.org> {parameter}"
    with pytest.raises(NotSupportedByServer, match=f"does not offer {keyword}, which"):
        mail(**options)


def test_notifications_are_asked_for_per_recipient() -> None:
    """Behaviour 73."""
    recipients = [
        Recipient("b@example.org", notify=frozenset({Notify.NEVER}), original="bob@example.org"),
        Recipient("c@example.org"),
    ]
    options = DeliveryOptions(notify=frozenset({Notify.FAILURE, Notify.DELAY}))
    made = planned("DSN", recipients=recipients, options=options)
    assert [command.shown for command in made.recipients.values()] == [
        "RCPT TO:<b@example.org> NOTIFY=NEVER ORCPT=rfc822;bob@example.org",
        "RCPT TO:<c@example.org> NOTIFY=DELAY,FAILURE",
    ]


@pytest.mark.parametrize(
    "recipient",
    [
        Recipient("b@example.org", notify=frozenset({Notify.NEVER})),
        Recipient("b@example.org", original="bob@example.org"),
    ],
)
def test_notifications_need_dsn(recipient: Recipient) -> None:
    with pytest.raises(NotSupportedByServer, match="does not offer DSN"):
        planned(recipients=[recipient])


def test_a_server_may_limit_the_recipients() -> None:
    """RFC 9422: RCPTMAX."""
    assert len(planned("LIMITS RCPTMAX=2", recipients=["b@x.example", "c@x.example"]).recipients) == 2
    with pytest.raises(NotSupportedByServer, match=r"takes 1 recipients per message.*has 2"):
        planned("LIMITS RCPTMAX=1", recipients=["b@x.example", "c@x.example"])


def test_says_what_may_travel_together() -> None:
    made = planned("PIPELINING", "CHUNKING", options=DeliveryOptions(all_or_nothing=True))
    assert made.pipelining
    assert made.chunking
    assert made.all_or_nothing
