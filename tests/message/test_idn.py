from __future__ import annotations

import sys
import unicodedata

import idna
import pytest

from envoi.errors import InvalidAddress
from envoi.message import idn


@pytest.fixture
def without_idna(monkeypatch):
    idn.to_ascii.cache_clear()
    monkeypatch.setitem(sys.modules, "idna", None)
    yield
    idn.to_ascii.cache_clear()


@pytest.fixture(autouse=True)
def fresh():
    idn.to_ascii.cache_clear()
    idn.to_unicode.cache_clear()


NAMES = [
    ("example.org", "example.org"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
    ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    ("إختبار.example", "xn--kgbechtv.example"),
    ("हिन्दी.example", "xn--j2bd4cyah0f.example"),
]


@pytest.mark.parametrize(("unicode", "ascii_"), NAMES)
def test_u_labels_become_a_labels_and_back(unicode, ascii_):
    assert idn.to_ascii(unicode) == ascii_
    assert idn.to_unicode(ascii_) == unicode.lower()


@pytest.mark.parametrize(("unicode", "ascii_"), NAMES[:5])
def test_undisputed_names_need_no_package(without_idna, unicode, ascii_):
    assert idn.to_ascii(unicode) == ascii_


@pytest.mark.parametrize(
    "domain", ["straße.example", "ελλάς.example", "i❤.example", "אa.example", "ab--ü.example"]
)
def test_disputed_names_are_refused_without_the_package(without_idna, domain):
    with pytest.raises(InvalidAddress, match=r"envoi\[idna\]"):
        idn.to_ascii(domain)


def test_names_too_long_for_the_codec_are_refused(without_idna):
    with pytest.raises(InvalidAddress, match="no internationalised domain name"):
        idn.to_ascii("ü" * 64 + ".example")


def test_the_package_knows_the_newer_standard():
    assert idn.to_ascii("straße.example") == "xn--strae-oqa.example"


@pytest.mark.parametrize("domain", ["❤.example", "ü" * 64, "-ü.example"])
def test_refuses_what_the_package_refuses(domain):
    with pytest.raises(InvalidAddress, match="no internationalised domain name"):
        idn.to_ascii(domain)


def test_refuses_characters_that_stand_for_others():
    for domain in ("\uff45xample.org", "exa\u2100.org", "a\uff61b"):
        with pytest.raises(InvalidAddress, match="stand for others"):
            idn.to_ascii(domain)


@pytest.mark.parametrize("label", ["xn--", "xn--a\x80", "xn--zzzzzzzzzzzz9999999", "xn--abc", "plain"])
def test_a_label_that_cannot_be_shown_stays(label):
    assert idn.to_unicode(label) == label


def test_what_passes_without_the_package_is_the_same_with_it(without_idna):
    agreed = 0
    for point in range(0x80, 0x3400):
        label = f"{chr(point)}x" if unicodedata.bidirectional(chr(point)) == "L" else chr(point) * 2
        try:
            found = idn.to_ascii(label)
        except InvalidAddress:
            continue
        assert found == idna.alabel(unicodedata.normalize("NFC", label.lower())).decode()
        agreed += 1
    assert agreed > 3000
