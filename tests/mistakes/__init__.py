"""Edits of the paper's network, each with what is then wrong with it."""

from __future__ import annotations

from tests.mistakes.equivalents import EQUIVALENTS
from tests.mistakes.graphs import GRAPHS
from tests.mistakes.heads import HEADS
from tests.mistakes.layers import LAYERS
from tests.mistakes.survey import SURVEY

MISTAKES = (*SURVEY, *LAYERS, *GRAPHS, *HEADS)

__all__ = ["EQUIVALENTS", "MISTAKES", "SURVEY"]
