"""How a function becomes a verb of the command line: one file in `zalgebra.studio.commands`.

Exit codes: 0 done, 2 bad usage or input (one sentence says what), 1 failed, 130 interrupted.
"""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import typer
from typer.core import TyperGroup

from zalgebra import __version__
from zalgebra.studio.messages import err
from zalgebra.types import ZalgebraError

__all__ = ["app", "command_line", "verb"]

JOURNEY = ("demo", "fit", "encode", "mix", "edit", "walk", "grid", "check")  # then by name
_given: ContextVar[tuple[str, ...]] = ContextVar("given", default=())


class _Verbs(TyperGroup):
    """The verbs; what is wrong with a call is one sentence, as all else that is wrong."""

    def main(self, args: Any = None, *rest: Any, standalone_mode: bool = True, **how: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        _given.set(tuple(given))
        try:
            code = super().main(given, *rest, standalone_mode=False, **how)
        except Exception as error:
            wrong = getattr(error, "format_message", None)  # typer hides the class that has it
            if not standalone_mode or wrong is None:
                raise
            if type(error).__name__ != "NoArgsIsHelpError":  # that one has shown the help
                context = getattr(error, "ctx", None)
                where = context.command_path if context is not None else "zalgebra"
                _refuse(f"{wrong().rstrip('.')} (`{where} -h` shows how)")
            sys.exit(2)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which a person meets them, as the help shows them."""
        return sorted(self.commands, key=lambda v: (JOURNEY.index(v) if v in JOURNEY else 99, v))


app = typer.Typer(
    cls=_Verbs,
    help="Latent space arithmetic that keeps the prior.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit()


def verb(
    function: Callable[..., None] | None = None,
    /,
    *,
    expressions: bool = False,
    resumes: bool = False,
) -> Callable[..., Any]:
    """Register a function as the verb of its name: ``@verb`` or ``@verb(expressions=True)``.

    Its docstring is the help, its arguments are the flags (`zalgebra.studio.options` has those
    that all verbs share), its expected errors become one sentence and exit code 2.

    Parameters
    ----------
    expressions
        Whether its words may be expressions, so that ``- glasses`` is one and not an option.
    resumes
        Whether it goes on where it was when it is called again after Ctrl-C.
    """
    if function is None:
        return functools.partial(verb, expressions=expressions, resumes=resumes)
    lenient = {"ignore_unknown_options": expressions}
    return app.command(context_settings=lenient)(guarded(function, resumes))


def guarded(function: Callable[..., None], resumes: bool) -> Callable[..., None]:
    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except ZalgebraError as error:
            _refuse(str(error))
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            rest = "the same command goes on where it was" if resumes else "nothing was written"
            err.print(f"zalgebra: interrupted; {rest}", style="yellow", soft_wrap=True)
            raise typer.Exit(130) from error

    return guarded


def command_line() -> str:
    """The call that is being answered, as a person would type it again."""
    return shlex.join(["zalgebra", *_given.get()])


def _refuse(sentence: str) -> None:
    text = f"zalgebra: {' '.join(sentence.split())}"
    err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
