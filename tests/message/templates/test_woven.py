from __future__ import annotations

import quopri
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.content import WireEncoding
from envoi.message.encode import choose, normalised
from envoi.message.templates.woven import _MANY, Letter, Threads, weave

ALPHABET = st.sampled_from("ab =.\té€😀\n<") | st.characters(exclude_categories=["Cs"])
TEXTS = st.lists(
    st.text(ALPHABET, max_size=90) | st.sampled_from(["x" * 75, "x" * 76, "x" * 998, "é" * 40]), max_size=8
)
SERVERS = st.sampled_from([WireEncoding(), WireEncoding(eightbit=True)])
SEVEN = WireEncoding()


def woven(
    texts: list[str], offered: WireEncoding = SEVEN, fixed: set[str] | None = None
) -> tuple[str, bytes] | None:
    return weave(Threads(fixed or set()).pieces(texts), offered)


@given(TEXTS, SERVERS)
def test_pieces_say_what_the_whole_says(texts: list[str], offered: WireEncoding) -> None:
    found = woven(texts, offered)
    if found is None:
        return
    transfer, body = found
    whole = normalised("".join(texts))
    assert transfer == choose(whole, offered)
    decoded = quopri.decodestring(body) if transfer == "quoted-printable" else body
    assert decoded == whole


@given(TEXTS)
def test_lines_keep_their_limits_across_seams(texts: list[str]) -> None:
    found = woven(texts)
    if found is None:
        return
    transfer, body = found
    longest = max(map(len, body.split(b"\r\n")))
    assert longest <= (76 if transfer == "quoted-printable" else 998)
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert not any(
        line[-1:] in (b" ", b"\t") for line in body.split(b"\r\n") if transfer == "quoted-printable"
    )


def test_a_line_is_broken_at_a_seam_only_when_it_is_full() -> None:
    found = woven(["é" + "a" * 30, "b" * 10, "c" * 60])
    assert found == ("quoted-printable", b"=C3=A9" + b"a" * 30 + b"b" * 10 + b"=\r\n" + b"c" * 60 + b"\r\n")


@pytest.mark.parametrize("text", ["a\rb", "a\0b", "Привет, мир"])
def test_the_unusual_is_left_to_the_composer(text: str) -> None:
    assert woven(["x", text]) is None


def test_nothing_stays_nothing() -> None:
    assert woven([]) == ("7bit", b"")


def test_a_last_line_of_76_is_broken_once_more() -> None:
    for end in ("x", "é"):
        transfer, body = woven(["é" + "x" * 69 + end, "y"]) or ("", b"")
        assert transfer == "quoted-printable"
        assert max(map(len, body.split(b"\r\n"))) <= 76
        assert quopri.decodestring(body).decode() == f"é{'x' * 69}{end}y\r\n"


def test_fixed_pieces_are_encoded_once_and_changing_ones_forgotten() -> None:
    long = "ö" * 300
    threads = Threads({"fixed"})
    fixed, (changing,) = threads.pieces(["fixed"]), threads.pieces(["name"])
    (unremembered,) = threads.pieces([long])
    for number in range(_MANY):
        threads.pieces([str(number)])
    assert threads.pieces(["fixed"])[0] is fixed[0]
    assert threads.pieces(["name"])[0] is not changing
    assert threads.pieces([long])[0] is not unremembered


def test_a_letter_without_html_leaves_it_to_the_composer() -> None:
    letter = Letter(plain=Threads(set()).pieces(["a"]), html=None)
    assert letter.encoded("plain", SEVEN) == ("7bit", b"a\r\n")
    assert letter.encoded("html", SEVEN) is None


def test_the_standard_library_reads_it() -> None:
    transfer, body = woven(["été comme hiver, et le reste de même ", "x", " \n", "."]) or ("", b"")
    header = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    parsed = message_from_bytes(header.encode() + body)
    assert parsed.get_payload(decode=True) == "été comme hiver, et le reste de même x \r\n.\r\n".encode()
