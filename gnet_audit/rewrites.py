"""Other ways to write the very same function, combined at random: an audit that objects to one cries wolf."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from gnet_audit.mutants import Mutant
from gnet_audit.network import Network


def rewrites(reference: Network, random: Random) -> Iterator[Mutant]:
    return iter(())
