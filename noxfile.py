"""Where gnet-audit must work: the oldest torch of its range, and the newest on every Python that it supports.

`make matrix` runs the sessions whose Python this machine has and skips the others; `make matrix ARGS="-s oldest"` one.
A session takes several GB: PyPI's torch brings its CUDA libraries along, also where there is no GPU.
"""

from __future__ import annotations

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
"""Those of torch 2.15, from the oldest that gnet-audit runs on."""

OF_TOOLS = ("tests/test_architecture.py", "tests/test_ci_kit.py", "tests/test_screens.py")
"""What the newest import-linter, check-jsonschema and rich say of our sources: nothing that a user runs."""
OF_WIDTHS = "tests/formats/test_flops.py::test_the_text_fits_its_width"
"""Before rich 15 the last column of a table is two blanks wider than it is told to be."""

nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """The lower end of each range in pyproject.toml."""
    session.install("-c", "constraints-oldest.txt", "-e", ".[dev]")
    _tested(session, *(f"--ignore={file}" for file in OF_TOOLS), f"--deselect={OF_WIDTHS}")


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The upper end: whatever is published today."""
    session.install("--upgrade", "-e", ".[dev]")
    _tested(session)


def _tested(session: nox.Session, *words: str) -> None:
    session.run("python", "-m", "pytest", "-q", *words, *session.posargs, env={"OMP_NUM_THREADS": "1"})
