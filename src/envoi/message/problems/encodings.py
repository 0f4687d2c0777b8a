"""Checks of how the parts are encoded: the transfer encoding, the charset, and octets above 127.

A claim that is wrong turns accents into question marks; octets that are not claimed are cut to seven bits or
refused. What is shown in the end is checked in `bodies`.
"""

from __future__ import annotations

from codecs import lookup
from typing import TYPE_CHECKING

from envoi.message.problems.problem import Kind, fault, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_encodings"]

_IDENTITIES = ("7bit", "8bit", "binary")
_ENCODINGS = (*_IDENTITIES, "quoted-printable", "base64")
_ENCODE = "Encode it as quoted-printable or base64, as envoi does."


def check_encodings(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the encodings of the parts."""
    for part in message.root.walk():
        if part.transfer not in _ENCODINGS:
            yield fault(
                Kind.TRANSFER_ENCODING,
                part.where,
                f"the transfer encoding {part.transfer[:40]!r} is not known",
                f"{_ENCODE} Readers take a part in any other encoding for octets.",
            )
        elif part.is_multipart or part.kind == "message/rfc822":
            yield from _of_container(part)
        else:
            yield from _of_leaf(part)


def _of_container(part: Part) -> Iterator[Problem]:
    if part.transfer not in _IDENTITIES:
        yield fault(
            Kind.TRANSFER_ENCODING,
            part.where,
            f"a part that holds others is in {part.transfer}",
            "Only what is in it may be encoded (RFC 2045 §6.4); readers show it as it stands.",
        )


def _of_leaf(part: Part) -> Iterator[Problem]:
    if part.damaged:
        yield warning(
            Kind.TRANSFER_ENCODING,
            part.where,
            f"{part.damaged} lines are not {part.transfer}",
            "Encode the part again; each reader makes something else of it.",
        )
    yield from _of_octets(part)
    if part.kind.startswith("text/"):
        yield from _of_charset(part)


def _of_octets(part: Part) -> Iterator[Problem]:
    if not part.eightbit and part.transfer != "binary":
        return
    if part.transfer == "8bit":
        yield hint(
            Kind.EIGHTBIT,
            part.where,
            "it has octets above 127, which only servers with 8BITMIME take",
            f"{_ENCODE} Whoever has to encode it on the way breaks its signature.",
        )
    elif part.transfer == "binary":
        yield warning(
            Kind.EIGHTBIT,
            part.where,
            "it is claimed to be binary, which only servers with BINARYMIME take",
            _ENCODE,
        )
    else:
        yield fault(
            Kind.EIGHTBIT,
            part.where,
            f"it is claimed to be {part.transfer}, but has octets above 127",
            f"{_ENCODE} What is not announced is refused, or loses its eighth bit.",
        )


def _of_charset(part: Part) -> Iterator[Problem]:
    content = part.content()
    if part.charset is None:
        if not content.isascii():
            yield warning(
                Kind.CHARSET,
                part.where,
                "its type names no charset, and the text is not ASCII",
                "Add charset=utf-8 to Content-Type; readers guess otherwise.",
            )
        return
    try:
        lookup(part.charset)
    except (LookupError, ValueError):
        yield warning(
            Kind.CHARSET,
            part.where,
            f"the charset {part.charset[:40]!r} is not known",
            "Use UTF-8, and say so.",
        )
        return
    if not _decodes(content, part):
        yield warning(
            Kind.CHARSET,
            part.where,
            f"the text is not in {part.charset}, as its type says",
            "Name the charset that the text is in, or better encode it in UTF-8.",
        )
    elif part.transfer == "base64" and part.is_body and content and content.isascii() and _is_plain(content):
        yield hint(
            Kind.TRANSFER_ENCODING,
            part.where,
            "text in ASCII is in base64",
            "Leave it as it is (7bit): filters think that somebody wants to hide it.",
        )


def _decodes(content: bytes, part: Part) -> bool:
    try:
        # The end is left out: what is kept of a long text may end within a character.
        content[: len(content) if len(part.kept) == part.octets else -8].decode(part.charset or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def _is_plain(content: bytes) -> bool:
    # ISO-2022-JP and UTF-7 are ASCII only on the outside.
    return b"\x1b" not in content and b"\0" not in content
