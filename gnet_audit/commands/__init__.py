"""The commands of the command line: words to values, one call, a reply; each module registers its own."""

from collections.abc import Mapping, Sequence

HOMES: Mapping[str, str] = {
    **dict.fromkeys(("shapes", "check"), "audit"),
    "diff": "diff",
    "prove": "prove",
    "flops": "flops",
    "selftest": "selftest",
    **dict.fromkeys(("smoke-train", "data"), "train"),
    **dict.fromkeys(("rules", "explain", "spec"), "paper"),
}
"""Every command with the module that it stands in."""
COMPLETE = "_GNET_AUDIT_COMPLETE"
"""Set by a shell that asks what may follow the words typed so far."""


def named(words: Sequence[str]) -> str:
    """The command among the words; empty where none is named."""
    return next((word for word in words if not word.startswith("-")), "")


def is_light(command: str) -> bool:
    """Whether what is named loads neither torch nor a user's code, and no setting holds for it."""
    return HOMES.get(command, "paper") == "paper"
