"""Plain values as a JSON document that a terminal may show: exact integers, the same bytes for the same values."""

from __future__ import annotations

import json

from gnet_audit.formats.json import Value
from gnet_audit.formats.words import UNSAFE


def dumped(value: Value) -> str:
    """The document, UTF-8, indented by two; characters that a terminal would obey are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text) + "\n"
