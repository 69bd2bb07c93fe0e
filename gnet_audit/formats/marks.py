"""The mark and the words of what became of a slot, and of a verdict."""

from __future__ import annotations

from gnet_audit.report import RowStatus, Verdict

MARK = {
    RowStatus.MATCH: "✓",
    RowStatus.EQUIVALENT: "~",
    RowStatus.DIFFERS: "✗",
    RowStatus.CONSEQUENCE: "→",
    RowStatus.ACCEPTED: "○",
    RowStatus.MISSING: "✗",
    RowStatus.EXTRA: "+",
    RowStatus.UNVERIFIED: "?",
}
WORD = {
    RowStatus.MATCH: "match",
    RowStatus.EQUIVALENT: "equivalent",
    RowStatus.DIFFERS: "differs",
    RowStatus.CONSEQUENCE: "follows",
    RowStatus.ACCEPTED: "accepted",
    RowStatus.MISSING: "missing",
    RowStatus.EXTRA: "extra",
    RowStatus.UNVERIFIED: "unverified",
}
VERDICT = {
    Verdict.MATCHES: "matches",
    Verdict.DIFFERS: "differs",
    Verdict.UNPROVEN: "unproven",
    Verdict.NOT_THIS_NETWORK: "not this network",
}
