"""Jinja, as templates are given it: sandboxed, strict, and with its fixed text marked.

The only module that imports Jinja (extra ``templates``); `template` imports it when it is needed. Templates
may come from people who write mails and not programs: they cannot reach Python, and what they misspell is an
error with name and line. Files are read by the loader from one folder and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jinja2 import BaseLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2 import Template as JinjaTemplate
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Compiled", "Sandbox"]

_HTML = (".html", ".html.j2", ".mjml", ".mjml.j2")


class Sandbox:
    """An environment for the templates of one mail.

    Attributes:
        fixed: the pieces of text that every mail has in common, as far as templates were compiled.

    Args:
        folder: where includes and parents are; None for templates that have none.
    """

    __slots__ = ("_environment", "_globals", "fixed")

    def __init__(self, folder: Path | None) -> None:
        self._environment = _Environment(loader=BaseLoader() if folder is None else _Loader(folder))
        self._globals: dict[str, Any] = dict(cast("Any", self._environment).globals)
        self.fixed = self._environment.fixed

    def compile(self, source: str, name: str) -> Compiled:
        """Compile a template.

        Raises:
            UsageError: it is not well-formed; the text names template and line.
        """
        environment = self._environment
        try:
            code = environment.compile(source, name, name)
        except TemplateSyntaxError as error:
            raise UsageError(f"{error.name}, line {error.lineno}: {error.message}") from error
        return Compiled(JinjaTemplate.from_code(environment, code, self._globals), name)

    def values(self, row: Mapping[str, object]) -> dict[str, Any]:
        """What templates see: the columns of a row by their names, all of it as `row`, Jinja's functions."""
        return {**self._globals, "row": row, **row}


class Compiled:
    """A template that is ready."""

    __slots__ = ("_blocks", "_environment", "_name", "_root")

    def __init__(self, template: JinjaTemplate, name: str) -> None:
        self._name = name
        self._environment = template.environment
        self._blocks = template.blocks
        self._root = template.root_render_func

    def pieces(self, values: dict[str, Any]) -> list[str]:
        """The text for some values, in pieces: those that never change are the same each time.

        Raises:
            UsageError: a name is undefined, or the template fails otherwise; the text says where.
        """
        # What Template.render does, without joining: the pieces are worth knowing (`woven`).
        context = Context(self._environment, values, self._name, self._blocks)
        try:
            return list(self._root(context))
        except Exception as error:  # an expression may fail in any way that Python can
            raise self._failure(error) from error

    def text(self, values: dict[str, Any]) -> str:
        """The same as one text."""
        return "".join(self.pieces(values))

    def _failure(self, error: Exception) -> UsageError:
        name, line = _place(error, self._name)
        if isinstance(error, TemplateNotFound):
            problem = f"there is no {error.name!r} in its folder"
        elif isinstance(error, (TemplateError, UsageError)):
            problem = str(error.args[0] if error.args else error)
        else:
            problem = f"{type(error).__name__}: {error}"
        return UsageError(f"{name}, line {line}: {problem}")


def _place(error: Exception, name: str) -> tuple[str, int]:
    """The innermost template, and the line in it, where it happened."""
    if isinstance(error, TemplateSyntaxError):
        return error.name or name, error.lineno
    found, line = name, 1
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, JinjaTemplate):
            found, line = template.name or name, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return found, line


class _Generator(CodeGenerator):
    """Generates code as ever, and notes the pieces of text that are the same in every mail."""

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        text = "".join(map(str, group))
        if isinstance(self.environment, _Environment):
            self.environment.fixed.add(text)
        return repr(text)


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Generator

    def __init__(self, loader: BaseLoader) -> None:
        self.fixed: set[str] = set()
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=_is_html,
            finalize=_finished,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        # The same row gives the same mail: what was looked at is what is sent, and is known again afterwards.
        by_chance = cast("Any", self)
        del by_chance.filters["random"], by_chance.globals["lipsum"]


class _Loader(FileSystemLoader):
    """Files of the folder, in UTF-8."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, encoding="utf-8-sig")

    def get_source(self, environment: Any, template: str) -> Any:
        if template.endswith((".mjml", ".mjml.j2")):
            raise UsageError(
                f'MJML is put together before Jinja runs: write <mj-include path="{template}" />'
            )
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            raise UsageError(f"{template} is not text in UTF-8") from error


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(_HTML)


def _finished(value: object) -> object:
    # "Dear None" has been sent often enough.
    if value is None:
        raise UndefinedError("a value is None; write {{ name or '…' }} for what may be missing")
    return value
