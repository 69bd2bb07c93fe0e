"""A document as a spec: every table read, every mistake noted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gnet_audit.errors import UsageError
from gnet_audit.network import Shape, Source, Status
from gnet_audit.quantity import parse as parse_quantity
from gnet_audit.spec.fit import Section, misfits
from gnet_audit.spec.layers import Cells, Draft, Reader
from gnet_audit.spec.toml import Document, Table, listed, shown
from gnet_audit.spec.values import Fact, Head, Row, Spec, Step, Total
from gnet_audit.spec.words import ATTRIBUTES, MERGE, NAME, Kind

SCHEMA = 1
MOST_LAYERS = 100_000
"""Layers that all rows together may have."""
_SIZE = re.compile(r"[1-9][0-9]{0,6}([×x][1-9][0-9]{0,6}){0,2}")
_NOWHERE = Source(id="", where="", status=Status.INFERRED)


def spec(document: Document, sha256: str) -> Spec:
    """The spec in a document; SpecError with all its mistakes."""
    root = document.root()
    root.only(
        "schema", "id", "title", "citation", "input", "source", "default", "block", "row", "head", "total",
    )  # fmt: skip
    _check_schema(root)
    rows = _Rows(reader=_reader(root), root=root)
    shape = _input(root, rows.reader)
    sections = rows.sections()
    heads = rows.heads(sections)
    size = shape.value if shape and isinstance(shape.value, tuple) else None
    if not rows.too_many():
        document.problems.extend(misfits(sections, [section for section, _ in heads], size))
    result = Spec(
        id=_id(root),
        title=root.text("title"),
        citation=root.text("citation"),
        sha256=sha256,
        file=document.file,
        input_shape=size or (),
        input_source=shape.source if shape else _NOWHERE,
        sources=tuple(rows.reader.sources.values()),
        rows=tuple(section.row for section in sections if section.row),
        heads=tuple(head for _, head in heads if head),
        totals=tuple(_totals(root, rows.reader)),
    )
    if document.problems:
        raise document.refused()
    return result


def _check_schema(root: Table) -> None:
    schema = root.values.get("schema")
    if schema is None:
        root.note("", "`schema` is missing", expected=str(SCHEMA))
    elif schema != SCHEMA or isinstance(schema, bool):
        root.note("schema", "another schema than this version reads", expected=str(SCHEMA), got=shown(schema))


def _id(table: Table) -> str:
    name = table.text("id")
    if name and not NAME.fullmatch(name):
        table.note("id", "not an id", expected="letters, digits, _, + and -", got=name)
    return name


def _input(root: Table, reader: Reader) -> Fact | None:
    """The size of the images."""
    table = root.table("input")
    table.only("source", "shape")
    if "shape" not in table.values and "input" in root.values:
        table.note("", "`shape` is missing", expected=Kind.SHAPE)
    return reader.facts(table, {"shape": Kind.SHAPE}, reader.own_source(table)).get("shape")


def _reader(root: Table) -> Reader:
    sources = dict(_sources(root))
    plain = Reader(sources=sources, defaults={})
    defaults: dict[str, dict[str, Fact]] = {}
    written: set[tuple[str, str]] = set()
    for op, table in root.table("default", required=False).named_tables():
        if op not in ATTRIBUTES:
            table.note("", "defaults for an unknown op", expected=", ".join(sorted(ATTRIBUTES)), got=op)
            continue
        table.only("source", *ATTRIBUTES[op])
        defaults[op] = plain.facts(table, ATTRIBUTES[op], plain.own_source(table))
        written |= {(op, key) for key in table.values}
    read = {(op, key) for op, facts in defaults.items() for key in facts}
    return Reader(sources=sources, defaults=defaults, spoilt=frozenset(written - read))


def _sources(root: Table) -> Iterator[tuple[str, Source]]:
    for name, table in root.table("source").named_tables():
        table.only("where", "status")
        status = table.text("status")
        if status and status not in set(Status):
            table.note("status", "unknown status", expected=", ".join(Status), got=status)
            status = ""
        yield name, Source(id=name, where=table.text("where"), status=Status(status or Status.INFERRED))


def _totals(root: Table, reader: Reader) -> Iterator[Total]:
    for table in root.tables("total", required=False):
        table.only("of", "printed", "source")
        of, printed, source = table.text("of"), table.text("printed"), reader.source(table)
        if of and of not in {"params", "macs"}:
            table.note("of", "unknown total", expected="params or macs", got=of)
        if printed and _is_quantity(table, "printed", printed) and source:
            yield Total(of=of, printed=printed, quantity=parse_quantity(printed), source=source)


def _is_quantity(table: Table, key: str, text: str) -> bool:
    try:
        parse_quantity(text)
    except UsageError as error:
        table.note(key, error.what, expected=error.expected, got=text)
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A template of branches; `whole` where all of it could be read."""

    facts: Mapping[str, Fact]
    branches: tuple[tuple[Draft, ...], ...]
    whole: bool


@dataclass(slots=True, kw_only=True)
class _Rows:
    """The rows and heads of one spec while they are read: which ids and slots are taken, how many layers there are."""

    reader: Reader
    root: Table
    taken: dict[str, tuple[str, Table | None]] = field(default_factory=lambda: {"input": ("the input", None)})
    """Whose the names of rows and slots are."""
    layers: int = 0

    def too_many(self) -> bool:
        """Whether the layers are more than anybody means."""
        return self.layers > MOST_LAYERS

    def sections(self) -> list[Section]:
        """All rows, also those that could not be understood."""
        blocks = dict(self._blocks())
        return [self._section(table, blocks) for table in self._within(self.root.tables("row"))]

    def heads(self, sections: list[Section]) -> list[tuple[Section, Head | None]]:
        """All heads; each reads one of the rows."""
        taps = {name for section in sections for name in section.names}
        found: list[tuple[Section, Head | None]] = []
        for table in self._within(self.root.tables("head", required=False)):
            section = self._section(table, {}, prefix=True)
            tap, mode = table.text("tap"), table.text("mode")
            if tap and tap not in taps:
                table.note("tap", "no row and no slot of one", got=tap)
            if mode not in {"", "train", "always"}:
                table.note("mode", "unknown mode", expected="train or always", got=mode)
            weight = self.reader.facts(table, {"loss_weight": Kind.NUMBER}, self.reader.source(table)).get(
                "loss_weight"
            )
            if "loss_weight" not in table.values:
                table.note("", "`loss_weight` is missing", expected=Kind.NUMBER)
            section = replace(section, tap=tap)
            head = None
            if section.row and weight and tap in taps:
                head = Head(row=section.row, tap=tap, train_only=mode == "train", loss_weight=weight)
            found.append((section, head))
        return found

    def _within(self, tables: list[Table]) -> Iterator[Table]:
        """The tables until there are too many layers; the one with which it happens is told."""
        for table in tables:
            if self.too_many():
                return
            yield table
            if self.too_many():
                table.note("", "too many layers", expected=f"at most {MOST_LAYERS:,}")

    def _blocks(self) -> Iterator[tuple[str, _Block]]:
        for name, table in self.root.table("block", required=False).named_tables():
            before = len(table.document.problems)
            table.only("source", "branch", *MERGE)
            source = self.reader.source(table) or _NOWHERE
            facts = self.reader.facts(table, MERGE, source)
            if "merge" not in table.values:
                table.note("", "`merge` is missing", expected=Kind.MERGE)
            branches = table.tables("branch")
            if "branch" in table.values and len(branches) == 1:
                table.note("branch", "a single branch has nothing to merge with", expected="two branches or more")
            drafts = [self._branch(branch, source) for branch in branches]
            known = tuple(tuple(draft for draft in branch if draft) for branch in drafts)
            _check_once(table, (draft.slot for branch in known for draft in branch))
            whole = len(table.document.problems) == before and sum(map(len, known)) == sum(map(len, drafts))
            yield name, _Block(facts=facts, branches=known, whole=whole)

    def _branch(self, branch: Table, source: Source) -> list[Draft | None]:
        branch.only("layers")
        tables = branch.tables("layers")
        return [self.reader.draft(table, _slot(table), source, in_block=True) for table in tables]

    def _section(self, table: Table, blocks: Mapping[str, _Block], *, prefix: bool = False) -> Section:
        own = ("tap", "mode", "loss_weight") if prefix else ("block",)
        table.only("id", "title", "source", "printed", "layers", *own)
        name, title, source = _id(table), table.text("title"), self.reader.source(table)
        printed = dict(_printed(table))
        self._take(table, name, f"the {'head' if prefix else 'row'} {name}")
        cells = Cells(row=table, row_id=name, title=title, texts=printed, source=source or _NOWHERE)
        before = len(table.document.problems)
        if "block" in table.values and not prefix:
            branches, merge = self._from_block(table, blocks, cells)
        else:
            branches, merge = [list(self._from_layers(table, cells, prefix=prefix))], None
        row = Row(
            id=name, title=title, source=cells.source, printed=tuple(printed.items()), merge=merge, line=table.line,
            branches=tuple(tuple(step for step in branch if step) for branch in branches),
        )  # fmt: skip
        slots = [slot for step in row.steps for slot in step.names]
        _check_once(table, slots)
        for slot in slots:
            self._take(table, slot, f"the {'head' if prefix else 'row'} {name}")
        _check_printed(table, printed, slots)
        whole = len(table.document.problems) == before and source and all(map(all, branches)) and row.steps
        output = shape_of(printed.get("output", ""))
        return Section(id=name, row=row if whole else None, names=frozenset({name, *slots}), output=output)

    def _from_block(
        self, table: Table, blocks: Mapping[str, _Block], cells: Cells
    ) -> tuple[list[list[Step | None]], Step | None]:
        if "layers" in table.values:
            table.note("layers", "a row has either layers or a block")
        name = table.text("block")
        if name and name not in blocks:
            table.note("block", "unknown block", expected=listed(blocks) or "a [block.NAME] table", got=name)
        block = blocks.get(name)
        if block is None or not block.whole:
            return [[None]], None
        self.layers += sum(map(len, block.branches))
        if self.too_many():
            return [[None]], None
        branches = [
            [self.reader.step(draft, cells, f"{cells.row_id}.{draft.slot}") for draft in branch]
            for branch in block.branches
        ]
        return branches, self.reader.merge(block.facts, cells)

    def _from_layers(self, table: Table, cells: Cells, *, prefix: bool) -> Iterator[Step | None]:
        layers = table.tables("layers")
        if not layers and table.values.get("layers") == []:
            table.note("layers", "a row without layers")
        self.layers += len(layers)
        for layer in layers if not self.too_many() else ():
            alone = len(layers) == 1 and "slot" not in layer.values
            slot = "" if alone else _slot(layer)
            full = f"{cells.row_id}.{slot}" if prefix and slot else slot or cells.row_id
            draft = self.reader.draft(layer, full, cells.source, in_block=False)
            yield self.reader.step(draft, cells, full) if draft and (alone or slot) else None

    def _take(self, table: Table, name: str, owner: str) -> None:
        taker, holder = self.taken.setdefault(name, (owner, table))
        if holder is not table:
            table.note("", f"{name} is already the name of {taker}")


def _slot(table: Table) -> str:
    slot = table.text("slot")
    if slot and not NAME.fullmatch(slot):
        table.note("slot", "not a slot's name", expected="letters, digits, _, + and -", got=slot)
    return slot


def _printed(table: Table) -> Iterator[tuple[str, str]]:
    cells = table.table("printed", required=False)
    for name in cells.values:
        text = cells.text(name)
        if text:
            yield name, text


def _check_once(table: Table, slots: Iterable[str]) -> None:
    for slot, times in Counter(slots).items():
        if times > 1:
            table.note("", f"the slot {slot} stands here {times} times")


def _check_printed(table: Table, printed: Mapping[str, str], slots: Collection[str]) -> None:
    cells = table.table("printed", required=False)
    for name, text in printed.items():
        if "." in name and name not in slots:
            cells.note(name, "no slot of this row", expected=listed(sorted(slots)))
        elif (name == "output" or name in slots) and shape_of(text) is None:
            cells.note(name, "no output size", expected="height×width×channels such as 112×112×64", got=text)
        elif name in {"params", "ops"}:
            _is_quantity(cells, name, text)


def shape_of(text: str) -> Shape | None:
    """A printed output size as a shape: `112×112×64` is (64, 112, 112)."""
    if not _SIZE.fullmatch(text):
        return None
    *image, channels = map(int, re.split("[×x]", text))
    return (channels, *image)
