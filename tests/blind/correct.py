"""For each correct build, by hand: which weights stand for which slot of the paper, and which output is which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tests.blind.plain import LEAVES, MODULES, shapes

Pairs = Iterator[tuple[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """How one correct build is read."""

    modules: Callable[[Any], Pairs]
    """Slot → a module with weight and bias, or a pair of tensors."""
    outputs: Callable[[Any], tuple[Any, ...]]
    """What it returns in training → main, aux1, aux2; in eval the main one alone has to be right."""
    answer: Callable[[Tensor], Tensor] = torch.clone
    """Logits → what it returns in eval."""


def weights(pairs: Pairs) -> dict[str, tuple[Tensor, Tensor]]:
    """Slot → weight and bias in the paper's shape; each slot once."""
    found: dict[str, tuple[Tensor, Tensor]] = {}
    wanted = shapes()
    for slot, held in pairs:
        weight, bias = held if isinstance(held, tuple) else (held.weight, held.bias)
        assert slot not in found
        found[slot] = (weight.detach().reshape(wanted[slot]), bias.detach())
    assert found.keys() == wanted.keys()
    return found


def _blocks(blocks: Any, leaves: Callable[[Any], tuple[Any, ...]]) -> Pairs:
    for module, block in zip(MODULES, blocks, strict=True):
        for leaf, held in zip(LEAVES, leaves(block), strict=True):
            yield f"{module}.{leaf}", held


def _named(stem: tuple[Any, Any, Any], linear: Any) -> Pairs:
    yield from zip(("conv1", "conv2_reduce", "conv2", "linear"), (*stem, linear), strict=True)


def _heads(*heads: tuple[Any, Any, Any]) -> Pairs:
    for name, held in zip(("aux1", "aux2"), heads, strict=True):
        yield from zip((f"{name}.conv", f"{name}.fc1", f"{name}.fc2"), held, strict=True)


def _prototxt(m: Any) -> Pairs:
    p = m.params
    stem = p["conv1/7x7_s2"], p["conv2/3x3_reduce"], p["conv2/3x3"]
    yield from _named(stem, p["loss3/classifier"])
    yield from _blocks(MODULES, lambda n: tuple(p[f"inception_{n}/{leaf}"] for leaf in LEAVES))
    yield from _heads(*((p[f"{h}/conv"], p[f"{h}/fc"], p[f"{h}/classifier"]) for h in ("loss1", "loss2")))


def _raw(m: Any) -> Pairs:
    def w(name: str) -> tuple[Any, Any]:
        return m.w[name], m.w[name + "_b"]

    yield from _named((w("conv1"), w("conv2r"), w("conv2")), w("out"))
    yield from _blocks(MODULES, lambda n: tuple(w(f"{n}_{leaf}") for leaf in ("1", "3r", "3", "5r", "5", "p")))
    yield from _heads(*((w(f"{h}_conv"), w(f"{h}_fc"), w(f"{h}_out")) for h in ("a1", "a2")))


def _table(m: Any) -> Pairs:
    r = m.rows
    yield from _named((r["conv0"][0], r["conv3"][0], r["conv4"][0]), m.top[2])
    yield from _blocks(
        [r[n] for n in MODULES],
        lambda b: (b.one[0], b.three[0][0], b.three[1][0], b.five[0][0], b.five[1][0], b.pool[1][0]),
    )
    yield from _heads(*((m.aux[h][1][0], m.aux[h][3], m.aux[h][6]) for h in ("4a", "4d")))


def _fused(m: Any) -> Pairs:
    def leaves(b: Any) -> tuple[Any, ...]:
        w, bias = b.stem.weight.split(b.sizes), b.stem.bias.split(b.sizes)
        return (w[0], bias[0]), (w[1], bias[1]), b.conv3, (w[2], bias[2]), b.conv5, b.proj

    yield from _named((m.conv1, m.conv2a, m.conv2b), m.fc)
    yield from _blocks([*m.i3, *m.i4, *m.i5], leaves)
    yield from _heads(*((h.conv, h.hidden, h.out) for h in m.aux))


def _lazy(m: Any) -> Pairs:
    yield from _named((m.conv1.conv, m.conv2r.conv, m.conv2.conv), m.fc)
    yield from _blocks(
        [getattr(m, f"i{n}") for n in MODULES],
        lambda b: (b[0].conv, b[1].reduce.conv, b[1].conv.conv, b[2].reduce.conv, b[2].conv.conv, b[3].conv.conv),
    )
    yield from _heads(*((h[1], h[4], h[7]) for h in (m.heads["i4a"], m.heads["i4d"])))


def _hooked(m: Any) -> Pairs:
    t = m.trunk
    yield from _named((t[0], t[4], t[6]), t[24])
    yield from _blocks(
        [t[i] for i in (10, 11, 13, 14, 15, 16, 17, 19, 20)],
        lambda b: (b.b[0][0], b.b[1][0], b.b[1][2], b.b[2][0], b.b[2][2], b.b[3][1]),
    )
    yield from _heads(*((h[1], h[4], h[7]) for h in m.aux))


def _checkpointed(m: Any) -> Pairs:
    yield from _named((m.stem[0], m.stem[3], m.stem[4]), m.fc)
    yield from _blocks(
        m.blocks,
        lambda b: (b.branch1, b.branch2[0], b.branch2[1], b.branch3[0], b.branch3[1], b.branch4[1]),
    )
    yield from _heads(*((h.conv, h.fc, h.cls) for h in (m.aux1, m.aux2)))


def _fcn(m: Any) -> Pairs:
    yield from _named((m.c1, m.c2r, m.c2), m.score)
    yield from _blocks([n[1] + n[0] for n in MODULES], lambda n: tuple(getattr(m, f"{n}_{leaf}") for leaf in "stuvwx"))
    yield from _heads(*(tuple(getattr(m, f"{h}_{leaf}") for leaf in ("conv", "fc", "out")) for h in ("h1", "h2")))


def _two_files(m: Any) -> Pairs:
    low, up = m.lower, m.upper
    yield from _named((low[0], low[4], low[6]), up.out[3])
    yield from _blocks(
        [low[10], low[11], low[13], up.b, up.c, up.d, up.e, up.f, up.g],
        lambda b: (b.ones, b.threes_in, b.threes, b.fives_in, b.fives, b.proj),
    )
    yield from _heads(*((h.net[1], h.net[4], h.net[7]) for h in (m.aux_a, m.aux_d)))


def _parametrised(m: Any) -> Pairs:
    yield from _named((m.s[0].conv, m.s[3].conv, m.s[4].conv), m.o)
    yield from _blocks(
        [m.m[i] for i in (0, 1, 3, 4, 5, 6, 7, 9, 10)],
        lambda b: (b.a.conv, b.b[0].conv, b.b[1].conv, b.c[0].conv, b.c[1].conv, b.d[1].conv),
    )
    yield from _heads(*((h.c.conv, h.l1, h.l2) for h in m.h))


def _generators(m: Any) -> Pairs:
    def leaves(b: Any) -> tuple[Any, ...]:
        w, bias = b.reduce.weight.split(b.r), b.reduce.bias.split(b.r)
        return b.n1, (w[0], bias[0]), b.n3, (w[1], bias[1]), b.n5, b.pp

    yield from _named((m.conv_1, m.conv_2a, m.conv_2b), m.logits)
    yield from _blocks([getattr(m, f"mixed_{n}") for n in MODULES], leaves)
    yield from _heads(*(tuple(h) for h in m.heads))


def _matmul(m: Any) -> Pairs:
    def dense(d: Any) -> tuple[Any, Any]:
        return d.W.T, d.b

    s = m.seq
    yield from _named((s[0], s[3], s[4]), dense(m.head))
    yield from _blocks(
        [s[i] for i in (7, 8, 10, 11, 12, 13, 14, 16, 17)],
        lambda b: (b.p["1x1"][0], *b.p["3x3"], *b.p["5x5"], b.p["pool"][1]),
    )
    yield from _heads(*((h.conv, dense(h.fc), dense(h.out)) for h in (m.side1, m.side2)))


def _functions(m: Any) -> Pairs:
    def w(name: str) -> tuple[Any, Any]:
        return m.params[name + "_w"], m.params[name + "_b"]

    yield from _named((w("s1"), w("s2"), w("s3")), w("out"))
    leaves = ("p", "qr", "q", "rr", "r", "s")
    yield from _blocks([n[1] + n[0] for n in MODULES], lambda n: tuple(w(n + leaf) for leaf in leaves))
    yield from _heads(*((w(f"{h}c"), w(f"{h}h"), w(f"{h}o")) for h in ("x1", "x2")))


def _graph(m: Any) -> Pairs:
    o = m.ops
    stem = o["conv1/7x7_s2/conv"], o["conv2/3x3_reduce/conv"], o["conv2/3x3/conv"]
    yield from _named(stem, o["loss3/classifier"])
    yield from _blocks(MODULES, lambda n: tuple(o[f"inception_{n}/{leaf}/conv"] for leaf in LEAVES))
    yield from _heads(*((o[f"{h}/conv/conv"], o[f"{h}/fc"], o[f"{h}/classifier"]) for h in ("loss1", "loss2")))


def _stages(m: Any) -> Pairs:
    def leaves(b: Any) -> tuple[Any, ...]:
        layers = b.branch_1x1, b.branch_3x3_1, b.branch_3x3_2, b.branch_5x5_1, b.branch_5x5_2, b.proj
        return tuple(layer.conv for layer in layers)

    yield from _named((m.stem[0].conv, m.stem[3].conv, m.stem[4].conv), m.head.fc)
    yield from _blocks([block for stage in m.stages for block in stage], leaves)
    yield from _heads(*((h.conv.conv, h.pre_logits[1], h.fc) for h in m.aux))


def _entry(m: Any) -> Pairs:
    def leaves(b: Any) -> tuple[Any, ...]:
        w, bias = b.entry.weight.split(b.sizes), b.entry.bias.split(b.sizes)
        return (w[0], bias[0]), (w[1], bias[1]), b.k3, (w[2], bias[2]), b.k5, b.proj

    yield from _named((m.c1, m.c2r, m.c2), m.fc)
    yield from _blocks([*m.three, *m.four, *m.five], leaves)
    yield from _heads(*((h.c, h.f, h.g) for h in (m.aux["0"], m.aux["3"])))


def _tapped(m: Any) -> Pairs:
    yield from _named((m.stem[0][0], m.stem[3][0], m.stem[4][0]), m.top[3])
    yield from _blocks(
        [*m.stage3[:2], *m.stage4[:5], *m.stage5],
        lambda b: (b[0][0], b[1][0][0], b[1][1][0], b[2][0][0], b[2][1][0], b[3][1][0]),
    )
    yield from _heads(*((h[1][0], h[3], h[6]) for h in (m.heads.early, m.heads.late)))


def _flat(m: Any) -> Pairs:
    yield from _named((m.conv1, m.conv2_r, m.conv2), m.fc)
    leaves = ("1", "3r", "3", "5r", "5", "p")
    yield from _blocks(MODULES, lambda n: tuple(getattr(m, f"{n}_{leaf}") for leaf in leaves))
    yield from _heads(*(tuple(getattr(m, f"{h}_{leaf}") for leaf in "cfo") for h in ("h1", "h2")))


CORRECT = {
    "c01_prototxt:CaffeNet": Correct(modules=_prototxt, outputs=lambda r: (r[2], r[0], r[1])),
    "c02_raw_weights:GoogLeNet": Correct(modules=_raw, outputs=lambda r: (r[0], r[1], r[2])),
    "c03_table_text:Net": Correct(modules=_table, outputs=lambda r: (r["out"], r["4a"], r["4d"])),
    "c04_fused_reductions:GoogLeNet": Correct(modules=_fused, outputs=lambda r: (r[0], r[2], r[1])),
    "c05_lazy_sequential:GoogLeNet": Correct(modules=_lazy, outputs=lambda r: (r.main, r.aux1, r.aux2)),
    "c06_hooked:Supervised": Correct(modules=_hooked, outputs=lambda r: (r["logits"], *r["aux"])),
    "c07_checkpointed:GoogLeNet": Correct(modules=_checkpointed, outputs=lambda r: (r[0], r[1], r[2])),
    "c08_fully_convolutional:FCNGoogLeNet": Correct(modules=_fcn, outputs=lambda r: (r[0], r[1], r[2])),
    "c09_two_files:build": Correct(modules=_two_files, outputs=lambda r: (r.logits, r.aux_a, r.aux_d)),
    "c10_parametrised:G": Correct(modules=_parametrised, outputs=lambda r: (r[0], r[1], r[2])),
    "c11_generators:Inception_V1": Correct(modules=_generators, outputs=lambda r: (r["logits"], r["aux0"], r["aux1"])),
    "c12_matmul:Net": Correct(modules=_matmul, outputs=lambda r: (r[0], r[1], r[2])),
    "s01_pure_functions:GoogLeNet": Correct(modules=_functions, outputs=tuple),
    "s02_graph_table:GoogLeNet": Correct(modules=_graph, outputs=lambda r: (r["loss3"], r["loss1"], r["loss2"])),
    "s03_same_pools:GoogLeNet": Correct(modules=_stages, outputs=lambda r: (r.logits, r.aux1, r.aux2)),
    "s04_fused_entry:GoogLeNet": Correct(modules=_entry, outputs=tuple),
    "s05_checkpoint_and_hooks:GoogLeNet": Correct(modules=_tapped, outputs=lambda r: (r["out"], *r["aux"])),
    "s07_flat_softmax_in_eval:GoogLeNet": Correct(modules=_flat, outputs=tuple, answer=lambda y: y.softmax(1)),
}


def main_output(returned: Any) -> Tensor:
    """The one tensor that a build returns in eval, however it is wrapped."""
    if isinstance(returned, Tensor):
        return returned
    if isinstance(returned, dict):
        (only,) = returned.values()
    else:
        values = [returned.logits] if hasattr(returned, "logits") else [v for v in returned if v is not None]
        (only,) = values
    assert isinstance(only, Tensor)
    return only
