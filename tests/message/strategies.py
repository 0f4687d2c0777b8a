"""Hypothesis strategies for everything that a message is made of, over all of Unicode."""

from __future__ import annotations

import string
from datetime import UTC, datetime

from hypothesis import strategies as st

from envoi.message.address import Address, Group
from envoi.message.attachment import Attachment
from envoi.message.stamp import Stamp

STAMP = Stamp(at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC), token="0123456789abcdef")

anything = st.text(st.characters(exclude_categories=["Cs"]))
# What a header can hold: everything but C0 controls, DEL and half surrogates.
shown = st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32)] + ["\x7f"])
words = st.lists(st.text(string.ascii_letters + string.digits + "!#'.,:;=?_()", min_size=1, max_size=90))
line = st.one_of(
    st.text(shown, max_size=120),
    st.text(string.printable.strip() + " ", max_size=200),
    words.map(" ".join),
    st.lists(st.sampled_from(["été", "naïve", "plain", "=?utf-8?q?x?=", "日本語", "a" * 80, "", "👩‍👧"])).map(
        " ".join
    ),
)
names = line.map(lambda text: text.replace("\t", "").strip())
atoms = st.text(string.ascii_letters + string.digits + "!#$%&'*+/^_`{|}~-", min_size=1, max_size=20)
locals_ = st.one_of(
    atoms,
    st.lists(atoms, min_size=2, max_size=3).map(".".join),
    st.text(string.printable.strip().replace("=", "") + " ", min_size=1, max_size=20),
)
domains = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]\.(?:example|test|xn--p1ai)", fullmatch=True)
addresses = st.builds(
    lambda local, domain, name: Address(local=local, domain=domain, name=name), locals_, domains, names
)
groups = st.builds(
    lambda name, members: Group(name=name, members=tuple(members)),
    names.filter(bool),
    st.lists(addresses, max_size=3),
)
file_names = st.text(shown.filter(lambda c: c not in "/\\"), min_size=1, max_size=200).filter(
    lambda name: name.strip(" .") and name.strip() == name
)
bodies = st.one_of(
    anything,
    st.text(string.printable, max_size=300),
    st.builds(
        "".join,
        st.lists(st.sampled_from(["x" * 997, "y" * 1200, "\n", "\r\n", ".", "--", "é", " \n", "From "])),
    ),
)
attachments = st.builds(Attachment.from_bytes, st.binary(max_size=400), st.none() | file_names)
