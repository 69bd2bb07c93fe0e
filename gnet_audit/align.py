"""Which layer of the model is which layer of the paper: by dataflow, op and attributes, never by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gnet_audit.costs import FAR, distance, weight
from gnet_audit.network import AdaptivePool2d, Linear, Pool2d
from gnet_audit.sequences import Plan, Task, cheapest
from gnet_audit.structure import Head, Item, Region, Tree, Unit, units_of

_SIZED = (Pool2d, AdaptivePool2d, Linear)
"""Ops whose likeness depends on the size of what reaches them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A unit of the paper beside one of the model; one of them is None for a missing or an added unit."""

    expected: Unit | None
    found: Unit | None
    reason: str
    after: str = ""
    """For an added unit: the slot after which it stands."""
    readers: tuple[str, ...] = ()
    """For an added unit: the slots that read it (empty: whoever reads `after`, or nobody)."""
    region: str = ""
    """For units of a whole region that is missing or added: the name of its merge."""
    aside: bool = False
    """For an added unit: it stands beside the main path, in a branch of an added region."""
    branch_of: str = ""
    """For units of a whole branch that is missing: the name of the merge that it feeds."""
    joins: int | None = None
    """For units of a whole branch that is added: its position in the model's merge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two regions taken for each other: for each branch of the paper the position of the model's."""

    expected: Unit
    found: Unit
    branches: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPair:
    """A head of the paper beside one of the model; one of them is None for a missing or an added head."""

    expected: Head | None
    found: Head | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """All pairs, and how far apart the two main paths are (0: the same, 1: nothing in common)."""

    pairs: tuple[Pair, ...]
    merges: tuple[Merge, ...]
    heads: tuple[HeadPair, ...]
    distance: float


def align(expected: Tree, found: Tree, *, complete: bool = True) -> Alignment:
    """Align two trees; deterministic, independent of names and of the order of branches.

    Unless `complete`, the model stopped somewhere: what the paper has after that costs nothing.
    """
    return _Aligner().trees(expected, found, complete=complete)


class _Aligner:
    """Remembers the distance of everything it has compared; one per alignment."""

    def __init__(self) -> None:
        self._ids: dict[object, int] = {}
        self._keys: dict[int, int] = {}
        self._costs: dict[tuple[int, int], float] = {}
        self._plans: dict[tuple[tuple[int, ...], tuple[int, ...]], Plan] = {}
        self._wholes: dict[int, float] = {}
        self._alive: list[Item] = []
        self.pairs: list[Pair] = []
        self.merges: list[Merge] = []

    def trees(self, expected: Tree, found: Tree, *, complete: bool) -> Alignment:
        plan = self.plan(expected.main, found.main, opening=not complete)
        self.realise(expected.main, found.main, entry="", exits=())
        heads = self.match_heads(expected, found)
        whole = sum(map(weight, units_of(expected.main)[1:])) + sum(map(weight, units_of(found.main)[1:]))
        return Alignment(
            pairs=tuple(self.pairs),
            merges=tuple(self.merges),
            heads=heads,
            distance=min(1.0, plan.cost / whole) if whole else 0.0,
        )

    # --- distances -----------------------------------------------------------------------------

    def key(self, item: Item) -> int:
        """A number that two items share exactly when they are built alike."""
        known = self._keys.get(id(item))
        if known is None:
            signature: object
            if isinstance(item, Unit):
                signature = (item.ops, item.in_shape if isinstance(item.anchor.op, _SIZED) else None)
            else:
                signature = (tuple(self.keys(branch) for branch in item.branches), item.merge.ops)
            known = self._keys[id(item)] = self._ids.setdefault(signature, len(self._ids))
            self._alive.append(item)
        return known

    def keys(self, items: Sequence[Item]) -> tuple[int, ...]:
        return tuple(self.key(item) for item in items)

    def cost(self, expected: Item, found: Item) -> float:
        key = self.key(expected), self.key(found)
        if key not in self._costs:
            self._costs[key] = 0.0 if key[0] == key[1] else self._distance(expected, found)
        return self._costs[key]

    def _distance(self, expected: Item, found: Item) -> float:
        if isinstance(expected, Unit) and isinstance(found, Unit):
            return distance(expected, found)
        direct = FAR
        if isinstance(expected, Region) and isinstance(found, Region):
            merge = distance(expected.merge, found.merge)
            direct = merge + self.assign(expected, found)[0] if merge < FAR else FAR
        if isinstance(found, Region):
            return min(direct, self._inside(expected, found)[0])
        return direct

    def _inside(self, expected: Item, found: Region) -> tuple[float, int]:
        """The cost of taking an item for one branch of a region (a shortcut around it), and which branch."""
        whole = self.whole(found)
        costs = [self.plan((expected,), branch).cost + whole - _total(branch) for branch in found.branches]
        position = min(range(len(costs)), key=costs.__getitem__)
        return costs[position], position

    def assign(self, expected: Region, found: Region) -> tuple[float, tuple[int | None, ...]]:
        """The cheapest matching of branches: its cost, and for each expected branch the found one's position."""
        one, two = expected.branches, found.branches
        size = max(len(one), len(two))
        matrix = [[0.0] * size for _ in range(size)]
        for row in range(size):
            for column in range(size):
                if row < len(one) and column < len(two):
                    # Of equally good matchings the one that keeps the order.
                    matrix[row][column] = self.plan(one[row], two[column]).cost + 1e-4 * (row != column)
                elif row < len(one):
                    matrix[row][column] = _total(one[row])
                else:
                    matrix[row][column] = _total(two[column])
        chosen = assignment(matrix)
        total = sum(matrix[row][column] for row, column in enumerate(chosen))
        return total, tuple(column if column < len(two) else None for column in chosen[: len(one)])

    def plan(self, expected: Sequence[Item], found: Sequence[Item], *, opening: bool = False) -> Plan:
        """The cheapest way to turn one sequence (or an opening of it) into the other."""
        one, two = self.keys(expected), self.keys(found)
        if (one, two) not in self._plans:
            task = Task(
                one=one,
                two=two,
                gone=lambda i: self.whole(expected[i]),
                new=lambda j: self.whole(found[j]),
                taken=lambda i, j: self.cost(expected[i], found[j]),
                opening=opening,
            )
            self._plans[one, two] = cheapest(task)
        return self._plans[one, two]

    def whole(self, item: Item) -> float:
        """What it costs that an item has no counterpart."""
        key = self.key(item)
        if key not in self._wholes:
            self._wholes[key] = _total((item,))
        return self._wholes[key]

    # --- from distances to pairs -----------------------------------------------------------------

    def realise(self, expected: Sequence[Item], found: Sequence[Item], *, entry: str, exits: tuple[str, ...]) -> None:
        """Write down the pairs of two sequences between the slot `entry` and the slots `exits`."""
        after, following = entry, 0
        for i, j in self.plan(expected, found).steps:
            following = following if i is None else i + 1
            if i is not None and j is not None:
                self._pair(expected[i], found[j], after)
                after = _end(expected[i])
            elif i is not None:
                self._missing(expected[i])
            else:
                assert j is not None
                self._added(found[j], after, _starts(expected[following]) if following < len(expected) else exits)

    def _pair(self, expected: Item, found: Item, entry: str) -> None:
        if isinstance(expected, Unit) and isinstance(found, Unit):
            same = self.key(expected) == self.key(found)
            reason = "the same op at the same place" if same else "the most similar op at the same place"
            self.pairs.append(Pair(expected=expected, found=found, reason=reason))
            return
        assert isinstance(found, Region)
        if self.key(expected) != self.key(found):
            inner, position = self._inside(expected, found)
            if inner <= self.cost(expected, found):
                self._wrapped(expected, found, position, entry)
                return
        assert isinstance(expected, Region)
        alike = self.key(expected) == self.key(found)
        branches = tuple(range(len(expected.branches))) if alike else self.assign(expected, found)[1]
        for position, branch in enumerate(expected.branches):
            other = branches[position]
            if other is None:
                for item in branch:
                    self._missing(item, branch_of=expected.merge.name)
                continue
            self.realise(branch, found.branches[other], entry=entry, exits=(expected.merge.name,))
        for position, branch in enumerate(found.branches):
            if position not in branches:
                for item in branch:
                    self._added(item, entry, (expected.merge.name,), joins=position)
        self.pairs.append(Pair(expected=expected.merge, found=found.merge, reason="joins the matched branches"))
        self.merges.append(Merge(expected=expected.merge, found=found.merge, branches=branches))

    def _wrapped(self, expected: Item, found: Region, position: int, entry: str) -> None:
        """The item stands in one branch of a region that the paper has not."""
        self.realise((expected,), found.branches[position], entry=entry, exits=())
        for index, branch in enumerate(found.branches):
            for item in branch if index != position else ():
                self._added(item, entry, (), aside=True)
        self._added(found.merge, _end(expected), ())

    def _missing(self, item: Item, *, branch_of: str = "") -> None:
        region = item.merge.name if isinstance(item, Region) else ""
        reason = "nothing in the model at this place resembles it"
        self.pairs += [
            Pair(expected=unit, found=None, reason=reason, region=region, branch_of=branch_of)
            for unit in units_of((item,))
        ]

    def _added(
        self, item: Item, after: str, readers: tuple[str, ...], *, aside: bool = False, joins: int | None = None
    ) -> None:
        region = item.merge.name if isinstance(item, Region) else ""
        reason = "nothing in the paper at this place resembles it"
        self.pairs += [
            Pair(
                expected=None,
                found=unit,
                reason=reason,
                region=region,
                after=after,
                readers=readers,
                aside=aside,
                joins=joins,
            )
            for unit in units_of((item,))
        ]

    def match_heads(self, expected: Tree, found: Tree) -> tuple[HeadPair, ...]:
        """Heads by likeness and by where they hang."""
        slot_of = {pair.found.name: pair.expected.name for pair in self.pairs if pair.expected and pair.found}
        one, two = expected.heads, found.heads
        size = max(len(one), len(two))
        matrix = [[0.0] * size for _ in range(size)]
        for row in range(size):
            for column in range(size):
                if row < len(one) and column < len(two):
                    tapped = {slot_of.get(tap) for tap in two[column].taps}
                    away = 0.0 if set(one[row].taps) == tapped else 0.5
                    matrix[row][column] = self.plan(one[row].items, two[column].items).cost + away
                elif row < len(one):
                    matrix[row][column] = _total(one[row].items)
                else:
                    matrix[row][column] = _total(two[column].items)
        chosen = assignment(matrix)
        heads: list[HeadPair] = []
        for row, head in enumerate(one):
            other = two[chosen[row]] if chosen[row] < len(two) else None
            if other is not None and matrix[row][chosen[row]] >= _total(head.items) + _total(other.items):
                other = None
            heads.append(HeadPair(expected=head, found=other))
            if other is not None:
                self.realise(head.items, other.items, entry=head.taps[0] if head.taps else "", exits=())
        matched = {id(pair.found) for pair in heads}
        heads += [HeadPair(expected=None, found=head) for head in two if id(head) not in matched]
        return tuple(heads)


def _total(items: Sequence[Item]) -> float:
    return sum(weight(unit) for unit in units_of(items))


def _end(item: Item) -> str:
    return item.name if isinstance(item, Unit) else item.merge.name


def _starts(item: Item) -> tuple[str, ...]:
    """The units that read what comes before an item."""
    if isinstance(item, Unit):
        return (item.name,)
    firsts = [_starts(branch[0]) if branch else (item.merge.name,) for branch in item.branches]
    return tuple(dict.fromkeys(name for names in firsts for name in names))


def assignment(matrix: Sequence[Sequence[float]]) -> list[int]:
    """The cheapest one-to-one choice of a column for each row of a square matrix (Hungarian method)."""
    size = len(matrix)
    row_price, column_price = [0.0] * (size + 1), [0.0] * (size + 1)
    row_of = [0] * (size + 1)
    for row in range(1, size + 1):
        row_of[0] = row
        column = 0
        slack = [float("inf")] * (size + 1)
        seen = [False] * (size + 1)
        came_from = [0] * (size + 1)
        while row_of[column]:
            seen[column] = True
            current, step, following = row_of[column], float("inf"), 0
            for other in range(1, size + 1):
                if seen[other]:
                    continue
                reduced = matrix[current - 1][other - 1] - row_price[current] - column_price[other]
                if reduced < slack[other]:
                    slack[other], came_from[other] = reduced, column
                if slack[other] < step:
                    step, following = slack[other], other
            for other in range(size + 1):
                if seen[other]:
                    row_price[row_of[other]] += step
                    column_price[other] -= step
                else:
                    slack[other] -= step
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    chosen = [0] * size
    for column in range(1, size + 1):
        chosen[row_of[column] - 1] = column - 1
    return chosen
