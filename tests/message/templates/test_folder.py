from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import UsageError
from envoi.message.templates.folder import read_folder
from envoi.message.templates.template import Template

if TYPE_CHECKING:
    from pathlib import Path


def fill(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return folder


def test_finds_the_files_of_one_name(tmp_path: Path) -> None:
    fill(tmp_path, w__subject__txt="S\n", w__txt="T", w__html__j2="\ufeffH", other__html="no")
    found = read_folder(tmp_path, "w")
    assert (found.subject.text, found.text and found.text.text, found.html and found.html.text) == (
        "S\n",
        "T",
        "H",
    )
    assert found.html is not None
    assert found.html.name == "w.html.j2"
    assert found.mjml is None


def test_includes_and_extends_what_is_in_the_folder(tmp_path: Path) -> None:
    fill(
        tmp_path,
        w__subject__txt="Hi {{ name }}\n",
        layout__html="<html>{% block body %}{% endblock %}</html>",
        w__html='{% extends "layout.html" %}{% block body %}<p>{{ name }}</p>{% include "foot.html" %}'
        "{% endblock %}",
        foot__html="<i>{{ name }}</i>",
    )
    email = Template.from_folder(tmp_path, "w", sender="me@example.com").render(
        email="a@example.org", name="<A>"
    )
    assert email.subject == "Hi <A>"
    assert email.html == "<html><p>&lt;A&gt;</p><i>&lt;A&gt;</i></html>"


def test_names_the_included_file_in_which_it_fails(tmp_path: Path) -> None:
    fill(tmp_path, w__subject__txt="S", w__txt="{% include 'foot.txt' %}", foot__txt="\n{{ x }}")
    with pytest.raises(UsageError, match=r"^foot\.txt, line 2: 'x' is undefined"):
        Template.from_folder(tmp_path, "w", sender="me@example.com").render(email="a@example.org")


def test_names_the_included_file_that_is_not_well_formed(tmp_path: Path) -> None:
    fill(tmp_path, w__subject__txt="S", w__txt="{% include 'foot.txt' %}", foot__txt="\n{{ x")
    with pytest.raises(UsageError, match=r"^foot\.txt, line 2: "):
        Template.from_folder(tmp_path, "w", sender="me@example.com").render(email="a@example.org")


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hostname"])
def test_reads_nothing_outside_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "in"
    folder.mkdir()
    fill(folder, w__subject__txt="S", w__txt=f"{{% include '{path}' %}}")
    with pytest.raises(UsageError, match="there is no"):
        Template.from_folder(folder, "w", sender="me@example.com").render(email="a@example.org")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "there is no template 'w' in .*; a template begins with a file NAME.subject.txt"),
        ({"v__subject__txt": "S"}, "there is no template 'w' in .*; there is v$"),
        ({"w__txt": "T"}, "has no subject: write it into w.subject.txt"),
        ({"w__subject__txt": "S"}, "has no body: write w.txt, w.html or w.mjml"),
        ({"w__subject__txt": "S", "w__html": "H", "w__mjml": "M"}, "has both w.html and w.mjml"),
        ({"w__subject__txt": "S", "w__txt": "T", "w__txt__j2": "T"}, r"both w\.txt and w\.txt\.j2 are in"),
    ],
)
def test_what_is_missing_or_twice_there_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_folder(fill(tmp_path, **files), "w")


def test_names_ten_others_at_most(tmp_path: Path) -> None:
    fill(tmp_path, **{f"v{n:02}__subject__txt": "S" for n in range(12)})
    with pytest.raises(UsageError, match=r"v09 and more$"):
        read_folder(tmp_path, "w")


def test_the_name_has_no_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="path"):
        read_folder(tmp_path, "../w")


def test_the_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        read_folder(tmp_path / "nope", "w")


def test_files_are_utf_8(tmp_path: Path) -> None:
    fill(tmp_path, w__subject__txt="S", v__subject__txt="S", v__txt="{% include 'w.txt' %}")
    (tmp_path / "w.txt").write_bytes(b"\xe9t\xe9")
    with pytest.raises(UsageError, match=r"w\.txt' is not text in UTF-8"):
        read_folder(tmp_path, "w")
    with pytest.raises(UsageError, match=r"w\.txt is not text in UTF-8"):
        Template.from_folder(tmp_path, "v", sender="me@example.com").render(email="a@example.org")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, w__subject__txt="S", w__txt="T")

    def fail(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", fail)
    with pytest.raises(UsageError, match=r"w\.subject\.txt' cannot be read: Permission denied"):
        read_folder(tmp_path, "w")
