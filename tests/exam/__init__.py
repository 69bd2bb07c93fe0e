"""Foreign builds of the paper's network, each with the hand-written list of what is wrong with it."""

from __future__ import annotations

from tests.exam.more_builds import MORE_BUILDS
from tests.exam.survey_builds import SURVEY_BUILDS

BUILDS = (*SURVEY_BUILDS, *MORE_BUILDS)

__all__ = ["BUILDS"]
