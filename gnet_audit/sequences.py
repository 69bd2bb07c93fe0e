"""The cheapest way to turn one sequence into another; what it takes grows with what differs, not with the lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from math import inf
from typing import TypeAlias

CALM = 32
"""So many alike neighbours behind a difference end the search around it."""
TELLING = 4
"""As so many counts one that is unlike the item before it: in a row of equal items every place fits."""
MOST = 100_000
"""Cells that a search may look at; past that it keeps the cheapest way to where it came furthest."""

Step: TypeAlias = tuple[int | None, int | None]
"""Positions of two items taken for each other, or of one that has no counterpart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What it costs, and how it is done."""

    cost: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Two sequences of numbers that are equal where items are alike, and what each step costs."""

    one: Sequence[int]
    two: Sequence[int]
    gone: Callable[[int], float]
    new: Callable[[int], float]
    taken: Callable[[int, int], float]
    """The cost of taking one item for another; 0 where they are alike."""
    opening: bool = False
    """Whether what the first has behind the end of the second costs nothing."""

    def is_end(self, i: int, j: int) -> bool:
        """Whether nothing is left to pay for."""
        return j == len(self.two) and (self.opening or i == len(self.one))

    def alike(self, i: int, j: int) -> bool:
        """Whether the items at two positions are alike."""
        return i < len(self.one) and j < len(self.two) and self.one[i] == self.two[j]

    def telling(self, i: int) -> int:
        """How much it says that an item of the first is like another."""
        return TELLING if i > 0 and self.one[i] != self.one[i - 1] else 1


def cheapest(task: Task) -> Plan:
    """Pass over what is alike, and search a way through each difference until both are in step again.

    The way is the cheapest one where a search may look at everything; in a long sequence it is so between stretches
    that are alike.
    """
    steps: list[Step] = []
    cost, i, j = 0.0, 0, 0
    tail = 0 if task.opening else _alike_at_the_end(task.one, task.two)
    rest = len(task.one) - tail, len(task.two) - tail
    middle = replace(task, one=task.one[: rest[0]], two=task.two[: rest[1]])
    while True:
        while middle.alike(i, j):
            steps.append((i, j))
            i, j = i + 1, j + 1
        if middle.is_end(i, j):
            break
        search = _Search(middle, i, j)
        i, j = search.goal
        cost += search.best[search.goal]
        steps += search.way()
    steps += [(left, None) for left in range(i, rest[0])]
    steps += [(rest[0] + step, rest[1] + step) for step in range(tail)]
    return Plan(cost=cost, steps=tuple(steps))


def _alike_at_the_end(one: Sequence[int], two: Sequence[int]) -> int:
    """How many of the last items are alike, those left aside that are so from the beginning."""
    most = min(len(one), len(two))
    head = 0
    while head < most and one[head] == two[head]:
        head += 1
    tail = 0
    while tail < most - head and one[-1 - tail] == two[-1 - tail]:
        tail += 1
    return tail


class _Search:
    """The cheapest ways from one cell of the table of both sequences, nearest first, until one is good enough."""

    def __init__(self, task: Task, i: int, j: int) -> None:
        self.task, self.start = task, (i, j)
        self.best: dict[tuple[int, int], float] = {self.start: 0.0}
        self.goal = self._found()

    def _found(self) -> tuple[int, int]:
        task, goal, limit = self.task, self.start, inf
        calm = {self.start: 0}
        done: set[tuple[int, int]] = set()
        waiting = [(0.0, 0, 0, self.start)]
        while waiting:
            cost, _, _, cell = heappop(waiting)
            if cost > limit:
                break
            if cell in done:
                continue
            done.add(cell)
            i, j = cell
            if task.is_end(i, j):
                # Of ends at the same cost the first; what is as cheap as the goal is looked at for the way back.
                goal, limit = (min(goal, cell) if limit == cost and task.is_end(*goal) else cell), cost
            elif limit == inf and calm[cell] >= CALM:
                goal, limit = cell, cost
            elif limit == inf and len(done) >= MOST:
                return max(done, key=lambda cell: (sum(cell), -self.best[cell], cell))
            for price, following in self._following(i, j):
                total = cost + price
                if total < self.best.get(following, inf):
                    self.best[following] = total
                    alike = following == (i + 1, j + 1) and task.alike(i, j)
                    calm[following] = calm[cell] + task.telling(i) if alike else 0
                    heappush(waiting, (total, -sum(following), following[0], following))
        return goal

    def _following(self, i: int, j: int) -> list[tuple[float, tuple[int, int]]]:
        task, found = self.task, []
        if i < len(task.one) and j < len(task.two):
            found.append((task.taken(i, j), (i + 1, j + 1)))
        if i < len(task.one):
            found.append((task.gone(i), (i + 1, j)))
        if j < len(task.two):
            found.append((task.new(j), (i, j + 1)))
        return found

    def way(self) -> list[Step]:
        """The steps to the goal; of equally cheap ones rather two items taken for each other."""
        steps: list[Step] = []
        i, j = self.goal
        while (i, j) != self.start:
            if (i - 1, j - 1) in self.best and self._leads((i - 1, j - 1), self.task.taken(i - 1, j - 1), (i, j)):
                i, j = i - 1, j - 1
                steps.append((i, j))
            elif (i - 1, j) in self.best and self._leads((i - 1, j), self.task.gone(i - 1), (i, j)):
                i -= 1
                steps.append((i, None))
            else:
                j -= 1
                steps.append((None, j))
        return steps[::-1]

    def _leads(self, before: tuple[int, int], price: float, cell: tuple[int, int]) -> bool:
        return self.best[cell] == self.best[before] + price
