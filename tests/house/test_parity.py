from __future__ import annotations

import inspect
import re
from typing import Self

from tests.house.sources import exported, is_face, modules

COLOURED = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
# What may differ in a signature or a docstring between the two colours, and what it reads like without.
WORDS = [
    (r"\bAsync(?=[A-Z])", ""),
    (r"\bAwaitable\[([^\[\]]*)\]", r"\1"),
    (r"\basync (?=`?(?:with|for|def)\b)", ""),
    (r"\bawait ", ""),
    (r" for asyncio\b", ""),
    (r"\b(?:asyncio|blocking|asynchronous)\b", "…"),
    (r"\b(?:threads|tasks of one event loop)\b", "…"),
    (r"(\b\w[\w\[\], ]*) \| \1(?!\w)", r"\1"),
    (r"__a(?=enter__|exit__|iter__|next__)", "__"),
]


def colourless(text: str) -> str:
    text = " ".join(text.split())
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text)
    return text


def pairs() -> list[tuple[type, type]]:
    """Every (X, AsyncX) among the public names."""
    faces = filter(is_face, modules())
    named = {name: getattr(module, name, None) for module in faces for name in exported(module)}
    classes = {name: thing for name, thing in named.items() if inspect.isclass(thing)}
    return [
        (classes[name], twin)
        for full, twin in classes.items()
        if (name := full.removeprefix("Async")) != full
    ]


def members(cls: type) -> dict[str, object]:
    """Public names, and the magic ones that the class itself writes down, without their colour."""
    found = {}
    for name in dir(cls):
        written_here = name in vars(cls) and name in {*COLOURED, *COLOURED.values(), "__init__"}
        if written_here or not name.startswith("_"):
            found[COLOURED.get(name, name)] = inspect.getattr_static(cls, name)
    return found


def described(member: object) -> str:
    """Kind, signature and documentation of a member, without its colour."""
    target = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    signature = str(inspect.signature(target)) if callable(target) else ""
    kind = "method" if inspect.isfunction(member) else type(member).__name__
    return colourless(f"{kind} {signature} {inspect.getdoc(target) if callable(target) else ''}")


def differences(blocking: type, asynchronous: type) -> list[str]:
    ours, theirs = members(blocking), members(asynchronous)
    found = [
        f"{blocking.__name__}.{name}: only in one colour" for name in sorted(ours.keys() ^ theirs.keys())
    ]
    for name in sorted(ours.keys() & theirs.keys()):
        one, other = described(ours[name]), described(theirs[name])
        if one != other:
            found.append(f"{blocking.__name__}.{name}:\n  {one}\n  {other}")
    if colourless(inspect.getdoc(blocking) or "") != colourless(inspect.getdoc(asynchronous) or ""):
        found.append(f"{blocking.__name__}: documented differently")
    return found


def test_both_colours_promise_the_same() -> None:
    assert [line for pair in pairs() for line in differences(*pair)] == []


class Door:
    """A door of the blocking house."""

    def __enter__(self) -> Self:
        return self

    def open(self, key: str, *, timeout: float = 1) -> Door:
        """Open it: `with door.open(key)`."""
        return self


class AsyncDoor:
    """A door of the asyncio house."""

    async def __aenter__(self) -> Self:
        return self

    async def open(self, key: str, *, timeout: float = 1) -> AsyncDoor:
        """Open it: `async with door.open(key)`."""
        return self


class AsyncGate(AsyncDoor):
    """A door of the blocking house."""

    async def __aenter__(self) -> Self:
        return self

    async def open(self, key: str, *, timeout: float = 2) -> AsyncDoor:
        """Open it: `async with door.open(key)`."""
        return self

    async def shut(self) -> None:
        """Shut it."""


def test_colours_are_no_difference() -> None:
    assert differences(Door, AsyncDoor) == []


def test_a_default_and_a_method_are() -> None:
    found = differences(Door, AsyncGate)
    assert len(found) == 2
    assert found[0] == "Door.shut: only in one colour"
    assert found[1].startswith("Door.open:")
