"""GA6: measurements of speed."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA601",
        title="unstable measurement",
        severity=Severity.NOTE,
        fails="the distance between the quartiles of a row's blocks is more than 5 % of their median.",
        why="The middle half of the blocks spreads over more than 5 % of the median: something else was running.",
        causes="Another process on the machine, a laptop's clock that falls as it warms, a virtual machine with "
        "shared cores.",
        cure="Measure again on a quiet machine, or longer with --duration.",
        sure="Numeric, threshold ours; a measurement that is steady can still be steadily slowed down.",
    ),
    Rule(
        id="GA602",
        title="fast and wrong",
        severity=Severity.WARNING,
        fails="the largest difference from the fp32 outputs, as a share of the largest of them, exceeds 0.0001 for "
        "fp32, 0.01 for tf32, 0.02 for fp16 or 0.05 for bf16, or is not a number.",
        why="A configuration's outputs differ from fp32 by more than the rounding of its type explains.",
        causes="fp16 that overflows to infinity; a compiler or a memory format with a wrong kernel; a CUDA graph that "
        "replays an old input.",
        cure="Do not use this configuration; look for a layer that overflows, or a wrong kernel.",
        sure="Numeric, on the first images of one random batch; the tolerances are ours, and rounding in a deep "
        "network can come near them.",
    ),
    Rule(
        id="GA603",
        title="configuration not measured",
        severity=Severity.NOTE,
        fails="a row of the measurement raised an error, ran out of memory, or asks for what the device does not have.",
        why="A configuration could not be run here; the others stand without it.",
        causes="A batch too large for the memory (see --auto-batch); tf32 or a CUDA graph on the CPU; no C++ compiler "
        "for compile.",
        cure="The row says why: memory, a compiler, a type or a graph that this device lacks.",
        sure="Certain: the row's own message says what stopped it.",
    ),
)
