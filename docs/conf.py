"""How Sphinx builds this folder into the documentation; `make docs` runs it.

Pages are Markdown (MyST), the reference is read from the docstrings, the command line from its parser.
Nothing is fetched while building or reading: no font, no script, no counter comes from outside.
"""

from __future__ import annotations

import re
import sys
from enum import Enum, EnumMeta
from pathlib import Path
from typing import Any

from sphinx.ext.napoleon.docstring import GoogleDocstring

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE / "_extensions")]

import envoi  # noqa: E402 - found by the line above

project = "envoi"
version = release = envoi.__version__
project_copyright = ""
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "command_line",
]
exclude_patterns = ["_build", "_extensions", "tools"]
# A public name has two homes, and "Suppression" two meanings. Records are in their own list, and in no menu:
# eighty entries on every page would be in the way, and take most of the time to build.
suppress_warnings = ["ref.python", "toc.not_included"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# Docstrings put names between single backquotes: a link where there is such a name, plain text elsewhere.
default_role = "py:obj"
add_module_names = False
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
maximum_signature_line_length = 72
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"envoi {release}"
html_static_path = ["_static"]
html_css_files = ["envoi.css"]
html_favicon = "_static/envoi.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {
    "light_logo": "envoi.svg",
    "dark_logo": "envoi.svg",
    "sidebar_hide_name": False,
}
pygments_style = "tango"
pygments_dark_style = "github-dark"
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# A line below an attribute is a sentence, whose colon ends no type.
GoogleDocstring._consume_inline_attribute = lambda self: ("", self._consume_to_end())  # type: ignore[method-assign]


def with_enum_members(
    _app: Any, _what: str, _name: str, member: object, _skip: bool, _options: Any
) -> bool | None:
    """List every member of an enumeration, also one whose name says it all."""
    return False if isinstance(member, Enum) else None


def without_inherited_arguments(
    _app: Any,
    what: str,
    _name: str,
    made: Any,
    _options: Any,
    arguments: str | None,
    _returns: Any,
) -> tuple[str, str] | None:
    """Leave out the arguments of what users do not make: enumerations, and errors that add none."""
    if arguments is None:
        return None
    inherits = what == "exception" and "__init__" not in vars(made)
    return ("", "") if inherits or isinstance(made, EnumMeta) else None


def with_code_as_code(
    _app: Any, what: str, _name: str, _module: object, _options: Any, lines: list[str]
) -> None:
    """Show what a module's docstring indents as Python, which in Markdown's manner it is."""
    if what != "module":
        return
    for number in range(len(lines) - 1, 1, -1):
        begins = lines[number].startswith("    ") and not lines[number - 1].strip()
        before = lines[number - 2]
        if begins and not before.startswith("    ") and not before.endswith("::"):
            lines[number:number] = [".. code-block:: python", ""]


def with_each_attribute(
    _app: Any, _what: str, _name: str, _made: object, _options: Any, lines: list[str]
) -> None:
    """Give each of the attributes that are explained together, as in ``to, cc: addresses``, its own line."""
    written: list[str] = []
    together: list[tuple[str, str]] = []
    for line in [*lines, ""]:
        field = re.match(r":(ivar|vartype|type) ([^:]+):(.*)", line)
        if not line.startswith(" ") and together:
            written += [text for _, text in together]
            together = []
        if field is not None:
            names = field[2].split(", ")
            together = [(name, f":{field[1]} {_plain(name)}:{field[3]}") for name in names]
        elif together:
            together = [(name, f"{text}\n{line}") for name, text in together]
        else:
            written.append(line)
    lines[:] = "\n".join(written).split("\n")


def _plain(name: str) -> str:
    """A name that ends in an underscore is no link."""
    return f"{name[:-1]}\\_" if name.endswith("_") else name


def setup(app: Any) -> None:
    """Tell Sphinx."""
    app.connect("autodoc-process-docstring", with_each_attribute, priority=900)
    app.connect("autodoc-process-docstring", with_code_as_code)
    app.connect("autodoc-skip-member", with_enum_members)
    app.connect("autodoc-process-signature", without_inherited_arguments)
