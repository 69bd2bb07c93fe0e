"""The audit's test of itself as a table of the README: `python -m tests.selftest_table [--write FILE]`; three minutes."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from gnet_audit.live.selfproof import Request, trials
from gnet_audit.selftest import Kind, Selftest, Trial

BEGIN, END = "<!-- selftest -->", "<!-- /selftest -->"


def result(*, seed: int = 0) -> Selftest:
    """The whole run."""
    asked = Request(spec="googlenet", seed=seed, limit=None, prove=True)
    records = trials(asked, min(4, os.cpu_count() or 1))
    return Selftest(trials=tuple(record for record in records if isinstance(record, Trial)), seed=seed)


def markdown(run: Selftest) -> str:
    """One row a family, then the pairs, then what must not be objected to."""
    single, pairs = run.of(Kind.MUTANT), run.of(Kind.PAIR)
    families = dict.fromkeys(one.family for one in single)
    groups = [(name, [one for one in single if one.family == name]) for name in families]
    groups += [("**all single faults**", list(single)), ("**random pairs of them**", list(pairs))]
    lines = [
        "| fault | cases | caught | exactly located | false seconds | proven with the findings | not without |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, group in groups:
        proofs = [one.evidence for one in group if one.evidence is not None]
        seen = [one.evidence for one in group if one.evidence is not None and not one.unseen]
        cells = (
            name,
            str(len(group)),
            str(sum(one.caught for one in group)),
            str(sum(one.located for one in group)),
            str(sum(len(one.seconds) for one in group)),
            f"{sum(not proof.proven for proof in proofs)} of {len(proofs)}",
            f"{sum(bool(proof.broken) for proof in seen)} of {len(seen)}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or put it between its marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the table between the marks of a file")
    file: Path | None = parser.parse_args().write
    table = markdown(result())
    if file is None:
        print(table)
        return
    text = file.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}\n{table}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
