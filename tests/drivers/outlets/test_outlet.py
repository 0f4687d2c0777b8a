"""Line ends of this machine, however the message is cut into pieces."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.drivers.outlets import outlet


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
@given(data=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a"])).map(b"".join))
def test_crlf_becomes_lf_and_nothing_else_changes(piece: int, data: bytes) -> None:
    before, outlet.PIECE = outlet.PIECE, piece
    try:
        assert b"".join(outlet.local_lines(io.BytesIO(data))) == data.replace(b"\r\n", b"\n")
    finally:
        outlet.PIECE = before
