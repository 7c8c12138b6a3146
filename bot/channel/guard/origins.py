"""Which pages may talk to us from a browser. No cookie is ever used, so this is a second fence, not the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from xiaoer import settings
from xiaoer.errors import SettingError


class Origins:
    """XIAOER_ORIGINS, and always our own pages."""

    def __init__(self, allowed: str | None = None) -> None:
        """Raises SettingError."""
        listed = [each.strip().rstrip("/") for each in (allowed or settings.get("XIAOER_ORIGINS")).split(",")]
        self._any = "*" in listed
        self._allowed = frozenset(each for each in listed if each and each != "*")
        for each in self._allowed:
            parts = urlsplit(each)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or "*" in each:
                raise SettingError("XIAOER_ORIGINS", each, "* or origins such as https://shop.example, comma-separated")

    def allows(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of that origin may use us. No origin: not a browser's cross-site request."""
        if not origin or self._any or origin in self._allowed:
            return True
        return bool(host) and urlsplit(origin).netloc == host

    def for_socket(self, origin: str | None, environ: Mapping[str, Any]) -> bool:
        """As python-engineio asks."""
        return self.allows(origin, environ.get("HTTP_HOST"))

    def headers(self, origin: str | None, host: str | None) -> dict[str, str]:
        """CORS headers of an HTTP answer."""
        if not origin or not self.allows(origin, host):
            return {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
