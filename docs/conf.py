"""How Sphinx builds this folder into the documentation; `make docs` runs it.

Pages are Markdown (MyST), the reference is read from the docstrings, the command line from its parser.
Nothing is fetched while building or reading: no font, no script, no counter comes from outside.
"""

from __future__ import annotations

import sys
from pathlib import Path

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
suppress_warnings = ["ref.python"]  # a public name has two homes, and "Suppression" two meanings

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# Docstrings put names between single backquotes: a link where there is such a name, plain text elsewhere.
default_role = "py:obj"
add_module_names = False
autodoc_default_options = {"members": True, "show-inheritance": False}
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
html_theme_options = {"light_logo": "envoi.svg", "dark_logo": "envoi.svg", "sidebar_hide_name": False}
pygments_style = "tango"
pygments_dark_style = "github-dark"
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
