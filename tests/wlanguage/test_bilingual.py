"""A second name for an attribute."""

from __future__ import annotations

from envoi.wlanguage.bilingual import Alias


class Thing:
    value = 1
    valeur = Alias[int]("value")


def test_both_names_are_one_value() -> None:
    thing = Thing()
    thing.valeur = 2
    assert thing.value == 2
    thing.value = 3
    assert thing.valeur == 3


def test_the_class_shows_the_alias_itself() -> None:
    assert isinstance(Thing.valeur, Alias)
