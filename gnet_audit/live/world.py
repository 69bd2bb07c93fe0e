"""What a process has beside the model and user code may change: all of it at one moment, and put back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gnet_audit.live.process_state import PROCESS, restore_modules
from gnet_audit.live.setting import Changes, Setting, differ, without_libraries
from gnet_audit.live.torch_state import TORCH

SETTINGS: tuple[Setting, ...] = (*PROCESS, *TORCH)
"""Functions before what is read by means of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """All settings at one moment."""

    values: tuple[Any, ...]
    modules: Mapping[str, ModuleType]
    """What was imported."""

    @classmethod
    def now(cls) -> World:
        """As they are."""
        return cls(values=tuple(setting.read() for setting in SETTINGS), modules=sys.modules.copy())

    def restore(self) -> Changes:
        """Put everything back; tell what the code that ran in between had made of it."""
        if sys.modules != self.modules:
            restore_modules(self.modules)
        changed: list[tuple[Setting, Any]] = []
        for setting, before in zip(SETTINGS, self.values, strict=True):
            with suppress(Exception):  # one that cannot be put back must not keep the others from it
                if differ((setting.look or setting.read)(), before):
                    after = setting.read()
                    setting.write(without_libraries(after, before, self.modules) if setting.look else before)
                    if not setting.ours:
                        changed.append((setting, after))
        return tuple(changed)
