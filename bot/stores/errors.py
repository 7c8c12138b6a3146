"""What goes wrong with the store of record."""

from __future__ import annotations

from xiaoer.errors import XiaoerError


class StoreError(XiaoerError):
    """Conversations could not be read or stored. Nothing of the turn was kept."""
