"""Faults on demand: what a test server does wrong, when it is asked to.

A `Fault` is a value: a condition, and what happens when it holds. The functions make the usual ones, and
whatever they make can be combined: several faults that hold at once all happen.

    SMTPServer(faults=[reply("RCPT", "550 5.1.1 no such user", address="bob@example.org", times=1),
                       drop("CONTENT", before_reply=True)])

The first argument says what the server is about to answer: a command, ``"GREETING"``, ``"AUTH RESPONSE"``,
``"CONTENT"`` (the end of a message, dot or ``BDAT LAST``), ``"HELLO"`` (EHLO, HELO or LHLO), ``"*"``
(anything). Everything takes the conditions of `When` as well. When a fault holds is `fault_book`'s business.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

from envoi.testing.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Fault",
    "When",
    "advertise",
    "delay",
    "dribble",
    "drop",
    "endless",
    "extra",
    "half_reply",
    "hide",
    "octets",
    "reply",
    "reset",
    "silence",
    "wrong_signature",
]


class When(TypedDict, total=False):
    """What must hold beside the verb.

    Attributes:
        address: the recipient (RCPT; CONTENT with LMTP) or the sender (MAIL) it is about.
        nth: only the so-many-th time, from 1.
        times: only so many times, from the first on.
        connection: only on the so-many-th connection, from 1.
        encrypted: only under TLS, or only in clear.
    """

    address: str
    nth: int
    times: int
    connection: int
    encrypted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong; best made by one of the functions.

    Attributes:
        at: what is about to be answered; empty for a fault that depends on octets alone.
        when: what must hold beside that.
        answer: what is answered instead. A refusal means that the server does not do what it was asked.
        rewrite: what becomes of the octets of the answer on their way out.
        seconds: how long the answer takes.
        pace: seconds from one octet of the answer to the next.
        leaves: the connection ends after the answer.
        resets: it ends with a reset; otherwise in an orderly way.
        after_input_octets: the connection ends when the client has sent so many octets.
        after_output_octets: it ends when the server has sent so many.
    """

    at: str = ""
    when: When = field(default_factory=When)
    answer: Answer | None = None
    rewrite: Callable[[bytes], bytes] | None = None
    seconds: float = 0.0
    pace: float | None = None
    leaves: bool = False
    resets: bool = False
    after_input_octets: int | None = None
    after_output_octets: int | None = None


def reply(at: str, text: str, **when: Unpack[When]) -> Fault:
    r"""Answer something else: ``"550 5.1.1 no such user"``, lines separated by ``\n``.

    A refusal is meant: the recipient or the message it answers is not taken.
    """
    answer = Answer.of(text)
    # In the text, so that it is said whether enhanced codes were offered or not.
    lines = tuple(f"{answer.enhanced} {line}".lstrip() for line in answer.lines)
    return Fault(at=at, when=when, answer=Answer(answer.code, "", lines))


def delay(at: str, seconds: float, **when: Unpack[When]) -> Fault:
    """Answer so many seconds later."""
    return Fault(at=at, when=when, seconds=seconds)


def dribble(at: str, seconds: float = 0.0, **when: Unpack[When]) -> Fault:
    """Answer octet by octet, with so many seconds between them."""
    return Fault(at=at, when=when, pace=seconds)


def drop(
    at: str = "",
    *,
    before_reply: bool = False,
    after_input_octets: int | None = None,
    after_output_octets: int | None = None,
    **when: Unpack[When],
) -> Fault:
    """Close the connection after an answer, instead of it, or at an octet of either direction.

    With `before_reply` the server has done what it was asked, the client just does not learn of it.
    """
    return Fault(
        at=at,
        when=when,
        rewrite=_nothing if before_reply else None,
        leaves=True,
        after_input_octets=after_input_octets,
        after_output_octets=after_output_octets,
    )


def reset(
    at: str = "",
    *,
    before_reply: bool = False,
    after_input_octets: int | None = None,
    after_output_octets: int | None = None,
    **when: Unpack[When],
) -> Fault:
    """Break the connection off (RST), like `drop` otherwise."""
    return Fault(
        at=at,
        when=when,
        rewrite=_nothing if before_reply else None,
        leaves=True,
        resets=True,
        after_input_octets=after_input_octets,
        after_output_octets=after_output_octets,
    )


def silence(at: str, **when: Unpack[When]) -> Fault:
    """Do not answer, and go on; between pipelined commands a reply is then missing."""
    return Fault(at=at, when=when, rewrite=_nothing)


def octets(at: str, data: bytes, *, leaves: bool = False, **when: Unpack[When]) -> Fault:
    """Send these octets for an answer: garbage, a line without end, whatever is wanted."""
    return Fault(at=at, when=when, rewrite=lambda _: data, leaves=leaves)


def extra(at: str, data: bytes, **when: Unpack[When]) -> Fault:
    """Send octets behind the answer; at STARTTLS they follow the 220 in clear."""
    return Fault(at=at, when=when, rewrite=lambda answer: answer + data)


def half_reply(at: str, **when: Unpack[When]) -> Fault:
    """Begin an answer of several lines, and leave in the middle of it."""
    return Fault(
        at=at, when=when, rewrite=lambda answer: answer[:3] + b"-first\r\n" + answer[:2], leaves=True
    )


def endless(at: str, lines: int = 100_000, **when: Unpack[When]) -> Fault:
    """Answer with so many continuation lines, and no last one."""
    return Fault(at=at, when=when, rewrite=lambda answer: (answer[:3] + b"-more\r\n") * lines)


def hide(keyword: str, **when: Unpack[When]) -> Fault:
    """Take a keyword out of what EHLO is answered with, as somebody on the path might."""

    def without(answer: bytes) -> bytes:
        name = keyword.encode().upper()
        return _joined([line for line in _texts(answer) if line.upper().split()[:1] != [name]])

    return Fault(at="HELLO", when=when, rewrite=without)


def advertise(keyword: str, **when: Unpack[When]) -> Fault:
    """Put a line into what EHLO is answered with, whether it can be kept or not."""
    return Fault(at="HELLO", when=when, rewrite=lambda answer: _joined([*_texts(answer), keyword.encode()]))


def wrong_signature(**when: Unpack[When]) -> Fault:
    """Answer SCRAM's last message as a server would that does not know the password (RFC 5802 §9)."""
    return Fault(at="AUTH RESPONSE", when=when, rewrite=_forged)


def _nothing(answer: bytes) -> bytes:
    del answer
    return b""


def _texts(answer: bytes) -> list[bytes]:
    return [line[4:] for line in answer.split(b"\r\n")[:-1]]


def _joined(texts: list[bytes]) -> bytes:
    return b"".join([*(b"250-%b\r\n" % text for text in texts[:-1]), b"250 %b\r\n" % texts[-1]])


def _forged(answer: bytes) -> bytes:
    match = re.fullmatch(rb"334 ([A-Za-z0-9+/=]+)\r\n", answer)
    if match is None or not base64.b64decode(match[1]).startswith(b"v="):
        return answer
    return b"334 %b\r\n" % base64.b64encode(b"v=" + base64.b64encode(bytes(32)))
