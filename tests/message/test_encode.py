from __future__ import annotations

import base64 as reference
import quopri
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from envoi.message.content import WireEncoding
from envoi.message.encode import Base64, base64, base64_size, choose, encode_text, normalised
from tests.message import strategies as some

sizes = st.sampled_from(
    [0, 1, 56, 57, 58, 57 * 16, 57 * 256 - 1, 57 * 256, 57 * 300 + 5, 57 * 1024, 57 * 1024 + 1]
)


@given(
    st.binary(max_size=200) | sizes.map(lambda size: bytes(range(256)) * (size // 256) + b"x" * (size % 256))
)
def test_base64_is_what_the_standard_library_makes_in_lines_of_76(data):
    encoded = base64(data)
    assert encoded == reference.encodebytes(data).rstrip(b"\n").replace(b"\n", b"\r\n")
    assert len(encoded) == base64_size(len(data))


@given(st.lists(st.binary(max_size=200) | sizes.map(bytes)))
def test_a_stream_gives_the_same_in_pieces(pieces):
    encoder = Base64()
    blocks = [block for piece in pieces for block in encoder.feed(piece)]
    written = b"".join([*blocks, *encoder.finish()])
    assert written == base64(b"".join(pieces))


@given(some.bodies)
def test_text_has_crlf_everywhere_and_at_its_end(text):
    data = normalised(text)
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
    assert not text or data.endswith(b"\r\n")


@given(some.bodies, st.booleans())
def test_the_chosen_encoding_carries_the_text(text, eightbit):
    data = normalised(text)
    transfer = choose(data, WireEncoding(eightbit=eightbit))
    encoded = encode_text(data, transfer)
    limit = 998 if transfer in ("7bit", "8bit") else 76
    assert max(map(len, encoded.split(b"\r\n"))) <= limit
    decoders: dict[str, Any] = {"quoted-printable": quopri.decodestring, "base64": reference.b64decode}
    assert decoders.get(transfer, bytes)(encoded) == data


def test_long_lines_are_seen_wherever_they_are():
    short, long = "x" * 998, "x" * 999
    for before in range(0, 3000, 250):
        start = "y\n" * before
        assert choose(normalised(f"{start}{short}\n{short}"), WireEncoding()) == "7bit"
        assert choose(normalised(f"{start}{long}\n{short}"), WireEncoding()) == "quoted-printable"
        assert choose(normalised(f"{start}{short}\n{long}\n"), WireEncoding()) == "quoted-printable"
