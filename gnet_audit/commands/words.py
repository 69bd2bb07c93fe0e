"""The words of the command line: every option that several commands know, written once, and what help ends with."""

from __future__ import annotations

import shutil
from textwrap import wrap
from typing import Annotated, Any

import typer

from gnet_audit import options, settings
from gnet_audit.formats import Format
from gnet_audit.formats.view import Column
from gnet_audit.output import PROGRAM, Document, Reply
from gnet_audit.rules import RULES, Severity

FILE_WIDTH = 160
"""Columns of a text that does not go to a terminal."""
STATUSES = """\
exit status:
  0  clean
  1  findings at or above --fail-on, or not proven, or not this network
  2  usage, bad spec, bad target, a forward that raises, our own crash
  3  not possible on this machine
  130  interrupted

anywhere:
  --color WHEN  always, never or auto: on a terminal
  --ascii       no characters beyond ASCII
  --debug       the traceback of an error
"""
TARGETS = """\
TARGET is `reference`, `package.module:Factory`, `path/file.py:Factory` or
`torchvision:NAME`; a class, a function that builds the model, or a model.
"""
SETTINGS = """\
Options are also read from GNET_AUDIT_NAME in the environment, and from
[tool.gnet-audit] in pyproject.toml; --show-settings tells what holds.
"""


def epilog(*examples: str, also: str = "") -> str:
    """Examples, then other fixed text, kept as they are; an example longer than a line goes on as a shell reads it."""
    lines = (wrap(f"{PROGRAM} {example}", 74, subsequent_indent="  ", break_on_hyphens=False) for example in examples)
    blocks = "examples:\n" + "\n".join("  " + " \\\n  ".join(pieces) for pieces in lines)
    return "\n\n".join(f"\b\n{block}" for block in (blocks, *(also.strip().split("\n\n") if also else ())))


def repeatable(*names: str, metavar: str, help: str, **more: Any) -> Any:
    """An option that may be given any number of times."""
    return typer.Option(*names, metavar=metavar, help=help, default_factory=list, show_default=False, **more)


def text_option(*names: str, metavar: str, help: str, **more: Any) -> Any:
    """An option that has no default to show."""
    return typer.Option(*names, metavar=metavar, help=help, show_default=False, **more)


def environment(name: str) -> dict[str, Any]:
    """The variable that an option may come from."""
    return {"envvar": settings.variable(name), "show_envvar": False}


def _formats() -> list[str]:
    return [format.value for format in Format]


def _severities() -> list[str]:
    return [severity.value for severity in Severity]


def rule_ids() -> list[str]:
    """What a shell offers for a rule."""
    return [rule.id for rule in RULES]


Target = Annotated[str, typer.Argument(metavar="TARGET", help="The model to audit.", **environment("target"))]
Others = Annotated[
    list[str],
    typer.Argument(metavar="MORE", help="More targets: one table of all.", default_factory=list, show_default=False),
]
NeedTarget = Annotated[bool, typer.Option("--need-target", help="Fail where no target is named, nor set.")]
SpecName = Annotated[
    str, typer.Option("--spec", metavar="NAME", help="A shipped spec, or a .toml file.", **environment("spec"))
]
Input = Annotated[
    str,
    typer.Option(
        "--input", metavar="CxHxW", help="Input size, or NxCxHxW.", show_default="paper's", **environment("input")
    ),
]
Arg = Annotated[list[str], repeatable("--arg", metavar="KEY=VALUE", help="Constructor argument; repeatable.")]
Formats = Annotated[
    list[str],
    repeatable(
        "-f",
        "--format",
        metavar="FORMAT[:FILE]",
        help=f"{', '.join(Format)}; repeatable.",
        autocompletion=_formats,
        **environment("format"),
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The same as -f json.")]
Output = Annotated[str, text_option("-o", "--output", metavar="FILE", help="Write there, not to stdout.")]
Select = Annotated[
    list[str],
    repeatable("--select", metavar="GA...", help="Only these rules; list or repeat.", **environment("select")),
]
Ignore = Annotated[
    list[str], repeatable("--ignore", metavar="GA...", help="Not these rules; list or repeat.", **environment("ignore"))
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="error, warning or note: the least for status 1.",
        autocompletion=_severities,
        **environment("fail-on"),
    ),
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Status 0 where it would be 1.")]
Width = Annotated[int | None, typer.Option("--width", metavar="N", help="Columns of text; 0 for no limit.")]
Lines = Annotated[
    str, typer.Option("--depth", metavar="DEPTH", help="A line for each `slot`, or each `row` of the paper.")
]
Columns = Annotated[list[str], repeatable("--columns", metavar="A,B", help=", ".join(Column) + ".")]
OnlyMismatches = Annotated[bool, typer.Option("--only-mismatches", help="Table without what matches.")]
Glob = Annotated[str, text_option("--layer", metavar="GLOB", help="Table of these slots, rows, layers.")]
Baseline = Annotated[
    str,
    text_option("--baseline", metavar="FILE", help="Differences that you accept.", **environment("baseline")),
]
BaselineOfTwo = Annotated[str, text_option("--baseline", metavar="FILE", help="Differences that you accept.")]
"""For two networks: what a project accepts of its own build beside the paper is not meant."""
Accept = Annotated[
    list[str],
    repeatable("--accept", metavar="variant:ID", help="Accept a published variant.", **environment("accept")),
]
AcceptOfTwo = Annotated[list[str], repeatable("--accept", metavar="variant:ID", help="Accept a published variant.")]
ShowAccepted = Annotated[bool, typer.Option("--show-accepted", help="Tell accepted findings too.")]
NoProve = Annotated[bool, typer.Option("--no-prove", help="Compare only: no weights, no numbers.")]
Sweep = Annotated[
    str,
    typer.Option(
        "--sweep", metavar="SIZES", help="Compare and prove at these sizes too: 96,160,299.", show_default=False
    ),
]
Thorough = Annotated[bool, typer.Option("--thorough", help=f"The same as --sweep {','.join(map(str, options.SIZES))}.")]
NoSummary = Annotated[bool, typer.Option("--no-summary", help="No job summary in GitHub Actions.")]
ShowSettings = Annotated[bool, typer.Option("--show-settings", help="Show what holds and where it was said.")]


def width(asked: int | None) -> int:
    """Columns of text: as asked, else the terminal's, else enough for a file."""
    return options.width(asked, shutil.get_terminal_size(fallback=(FILE_WIDTH, 24)).columns)


def answer(text: str) -> Reply:
    """One text for the standard output."""
    return Reply(documents=(Document(text=text),))
