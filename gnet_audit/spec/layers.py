"""Layers as a spec writes them: facts with their sources, defaults filled in, printed cells looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gnet_audit.network import Op, Source
from gnet_audit.spec import ops
from gnet_audit.spec.toml import Table, closest, shown
from gnet_audit.spec.values import Fact, Step
from gnet_audit.spec.words import ATTRIBUTES, REQUIRED, Kind, is_cell, is_size, value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The printed cells of a row, which `$NAME` refers to."""

    row: Table
    row_id: str
    title: str
    texts: Mapping[str, str]
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A layer as written: the row that uses it gives the numbers of its printed cells."""

    slot: str
    op: str
    facts: Mapping[str, Fact]
    table: Table
    in_block: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads layers by the sources and defaults of one spec."""

    sources: Mapping[str, Source]
    defaults: Mapping[str, Mapping[str, Fact]]
    spoilt: frozenset[tuple[str, str]] = frozenset()
    """Defaults (op, attribute) that are written but wrong: they are not missing."""

    def source(self, table: Table, inherited: Source | None = None) -> Source | None:
        """The source that a table names, else the inherited one."""
        if "source" not in table.values and inherited is not None:
            return inherited
        name = table.text("source")
        if name and name not in self.sources:
            table.note("source", "unknown source", expected=closest(name, sorted(self.sources)), got=name)
        return self.sources.get(name)

    def own_source(self, table: Table) -> Source | None:
        """The source of a table that need not have one."""
        return self.source(table) if "source" in table.values else None

    def facts(self, table: Table, kinds: Mapping[str, Kind], inherited: Source | None) -> dict[str, Fact]:
        """The facts among a table's values; a bare value has the inherited source."""
        found = {key: self._fact(table, key, kinds[key], inherited) for key in table.values if key in kinds}
        return {key: fact for key, fact in found.items() if fact is not None}

    def _fact(self, table: Table, key: str, kind: Kind, inherited: Source | None) -> Fact | None:
        raw, holder = table.values[key], (table, key)
        source = inherited
        if isinstance(raw, dict):
            inner = table.table(key)
            inner.only("value", "source")
            source = self.source(inner, inherited)
            if "value" not in raw:
                inner.note("", "`value` is missing", expected=kind)
                return None
            raw, holder = raw["value"], (inner, "value")
        elif inherited is None and "source" not in table.values:
            table.note(key, "no source", expected="{ value = …, source = … }, or a `source` of the table")
        value = value_of(raw, kind)
        if value is None:
            holder[0].note(holder[1], "wrong value", expected=kind, got=shown(raw))
        if value is None or source is None:
            return None
        return Fact(value=value, source=source, line=table.document.line((*table.path, key)))

    def draft(self, table: Table, slot: str, source: Source | None, *, in_block: bool) -> Draft | None:
        """A layer's table with the defaults of its op; None (and problems) where it cannot be understood."""
        before = len(table.document.problems)
        op = table.text("op")
        if op and op not in ATTRIBUTES:
            table.note("op", "unknown op", expected=closest(op, sorted(ATTRIBUTES)), got=op)
        if op not in ATTRIBUTES:
            return None
        table.only("slot", "op", "source", *ATTRIBUTES[op])
        own = self.facts(table, ATTRIBUTES[op], self.source(table, source))
        facts = own | {key: fact for key, fact in self.defaults.get(op, {}).items() if key not in own}
        for key in REQUIRED.get(op, ()):
            if key not in facts and key not in table.values and (op, key) not in self.spoilt:
                table.note("", f"`{key}` is missing", expected=ATTRIBUTES[op][key])
        if len(table.document.problems) > before or not facts.keys() >= set(REQUIRED.get(op, ())):
            return None
        return Draft(slot=slot, op=op, facts=facts, table=table, in_block=in_block)

    def step(self, draft: Draft, cells: Cells, slot: str) -> Step | None:
        """The layer that a draft is in one row."""
        known = {key: _resolved(draft, key, fact, cells) for key, fact in draft.facts.items()}
        facts = {key: fact for key, fact in known.items() if fact is not None}
        if len(facts) < len(known):
            return None
        if not ops.same_is_clear(facts):
            key = "padding" if "padding" in draft.table.values else ""
            expected = "an odd kernel and stride 1, or the padding in numbers"
            draft.table.note(key, '"same" padding is not clear here', expected=expected)
            return None
        return Step(
            slot=slot, op=ops.op_of(draft.op, facts), source=cells.source, facts=tuple(facts.items()),
            after=self.after(facts), line=draft.table.line,
        )  # fmt: skip

    def merge(self, facts: Mapping[str, Fact], cells: Cells) -> Step:
        """The layer that joins a block's branches in one row."""
        return Step(
            slot=f"{cells.row_id}.{facts['merge'].value}", op=ops.merge_of(facts), source=cells.source,
            facts=tuple(facts.items()), after=self.after(facts), line=cells.row.line,
        )  # fmt: skip

    def after(self, facts: Mapping[str, Fact]) -> tuple[tuple[str, Op], ...]:
        """The layers that facts ask for behind a layer."""
        return ops.followers(facts, self.defaults.get("batch_norm", {}))


def _resolved(draft: Draft, key: str, fact: Fact, cells: Cells) -> Fact | None:
    """A fact with the number of the printed cell that it refers to."""
    if not is_cell(fact.value):
        return fact
    name = str(fact.value)[1:]
    text = cells.texts.get(name)
    if text is None:
        what = f"the row prints no cell `{name}`"
        if draft.in_block:
            cells.row.note("", f"{what}, which the block's {draft.slot} asks for")
        else:
            draft.table.note(key, what, got=f"${name}")
        return None
    number = int(text) if re.fullmatch(r"[0-9]{1,7}", text) else 0
    if not is_size(number):
        cells.row.table("printed").note(name, "no number", expected=f"a number, for `{key}` of {draft.slot}", got=text)
        return None
    is_pair = ATTRIBUTES[draft.op][key] is Kind.PAIR
    where = f"{cells.source.where}: {name} of {cells.title}"
    return replace(fact, value=(number, number) if is_pair else number, source=replace(cells.source, where=where))
