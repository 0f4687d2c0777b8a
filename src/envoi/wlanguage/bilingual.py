"""A second name for an attribute: how a type of WLanguage has its properties in English and in French.

A class stores a value under its English name and declares the other ones with `Alias`; reading or writing
either is the same. Functions and constants need nothing of the kind: a second assignment does.
"""

from __future__ import annotations

from typing import Generic, TypeVar, overload

__all__ = ["Alias"]

T = TypeVar("T")


class Alias(Generic[T]):
    """Another name of the attribute `name`, for reading and writing."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Alias[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> Alias[T] | T:
        if instance is None:
            return self
        value: T = getattr(instance, self._name)
        return value

    def __set__(self, instance: object, value: T) -> None:
        setattr(instance, self._name, value)
