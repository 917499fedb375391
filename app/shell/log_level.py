"""Sets which lines the log keeps."""

from __future__ import annotations

import logging
from typing import Literal

LogLevel = Literal["info", "warning", "error"]


def use_level(level: LogLevel) -> None:
    """Keep lines of this level and above, in the file and in the panel."""
    logging.getLogger().setLevel(level.upper())
