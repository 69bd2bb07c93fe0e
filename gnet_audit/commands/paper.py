"""The commands about papers and rules, none of which needs torch: `rules`, `explain`, `spec`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from gnet_audit.commands.lint import lint_spec
from gnet_audit.commands.words import SpecName, Width, answer, epilog, rule_ids, width
from gnet_audit.output import Reply, colored
from gnet_audit.rules import RULES, matching

RuleName = Annotated[
    str, typer.Argument(metavar="RULE", help="An id such as GA203, or its beginning.", autocompletion=rule_ids)
]
Row = Annotated[str, typer.Argument(metavar="ROW", help="A row, a head or a slot; all rows without it.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="A .toml file.")]
Sources = Annotated[bool, typer.Option("--source", help="Say where each fact stands, and how sure it is.")]

spec_app = typer.Typer(rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(epilog=epilog("rules"))(rules)
    app.command(epilog=epilog("explain GA203", "explain GA2"))(explain)
    app.add_typer(spec_app, name="spec", epilog=epilog("spec list", "spec show inception_3a --source"))


def rules() -> Reply:
    """List what a finding can say."""
    from gnet_audit.formats import catalogue

    return answer(catalogue.rules())


def explain(*, rule: RuleName) -> Reply:
    """Say what a rule means and what mends it."""
    from gnet_audit.formats import catalogue

    chosen = matching((rule,), "RULE")
    return answer(catalogue.explained((rule for rule in RULES if rule.id in chosen), min(width(None), 100)))


@spec_app.callback(invoke_without_command=True)
def spec(context: typer.Context) -> Reply | None:
    """Show or check what a paper says; needs no torch."""
    return None if context.invoked_subcommand else list_specs()


@spec_app.command("list", epilog=epilog("spec list"))
def list_specs() -> Reply:
    """List the papers that come with gnet-audit."""
    from gnet_audit.formats import paper
    from gnet_audit.spec import load, shipped

    return answer(paper.listed(map(load, shipped())))


@spec_app.command("show", epilog=epilog("spec show", "spec show inception_3a --source", "spec show --spec mine.toml"))
def show_spec(*, row: Row = "", source: Sources = False, spec: SpecName = "googlenet", width_: Width = None) -> Reply:
    """Show a paper's table as printed, or one row with all attributes."""
    from gnet_audit.formats import paper
    from gnet_audit.spec import load

    read, columns, color = load(spec), width(width_), colored(sys.__stdout__, os.environ)
    if row:
        return answer(paper.row(read, row, width=columns, source=source, color=color))
    return answer(paper.table(read, width=columns, source=source, color=color))


@spec_app.command("validate", epilog=epilog("spec validate specs/mine.toml"))
def validate_spec(*, file: File) -> Reply:
    """Check a spec and tell all its mistakes, each with its line."""
    from gnet_audit.formats import paper
    from gnet_audit.spec import read_file

    return answer(paper.valid(file, read_file(file)))


spec_app.command("lint", epilog=epilog("spec lint", "spec lint specs/mine.toml --fail-on warning"))(lint_spec)
