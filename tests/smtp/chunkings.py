"""What the engine's tests share: ways to cut octets into pieces, as strategies."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


def cut(octets: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut at these places, counted modulo the length; the pieces joined are the whole again."""
    borders = sorted({place % (len(octets) + 1) for place in places} | {0, len(octets)})
    return [octets[a:b] for a, b in pairwise(borders)]


def one_by_one(octets: bytes) -> list[bytes]:
    """Every octet alone."""
    return [octets[at : at + 1] for at in range(len(octets))]


places = st.lists(st.integers(0, 100_000), max_size=12)


def text_of(alphabet: Sequence[bytes], *, most: int = 40) -> st.SearchStrategy[bytes]:
    """Octets made of these words, in any order: likelier to find the borders than any octets are."""
    return st.lists(st.sampled_from(alphabet), max_size=most).map(b"".join)
