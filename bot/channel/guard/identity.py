"""Who is asking: a signed token or nobody in particular. Nothing a browser says besides its token counts.

The host page's back end signs a JWT: `sub` (account), `role` (buyer|seller), `aud`, `exp`, and optionally `shop`,
`order`, `name`. The conversation id is an HMAC of role, account and shop: nobody can guess it, and two accounts
cannot share one. A visitor's id is random and signed, so that only ids made here come back.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

import jwt

from bot.channel.guard.keys import Keys
from bot.channel.guard.problems import Problem
from xiaoer import settings
from xiaoer.principal import VISITOR, Principal, Role, Source, parse_principal

LONGEST_TOKEN = 4096  # characters; ours have some 300
CLOCK_SKEW = 30  # seconds that `iat` and `nbf` may lie ahead of our clock; `exp` has none
DEMO_SECONDS = 3600
_SHOP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_ORDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_VISITOR = re.compile(r"v1\.[A-Za-z0-9_-]{24}\.[0-9a-f]{32}")


@dataclass(frozen=True)
class Speaker:
    """Somebody at the other end of a connection.

    conversation: Rasa's sender id, never sent to a browser; session: what the browser is told instead;
    expires: when the token ends, in seconds since the epoch; None for a visitor.
    """

    principal: Principal
    conversation: str
    session: str
    expires: float | None = None

    def check(self) -> None:
        """Nothing while the token is valid. Raises Problem token_expired."""
        if self.expires is not None and time.time() >= self.expires:
            raise Problem("token_expired")


class Identity:
    """Makes speakers from tokens and visitor ids."""

    def __init__(self, keys: Keys, audience: str | None = None) -> None:
        self._keys = keys
        self._audience = audience or settings.get("XIAOER_JWT_AUDIENCE")

    def speaker(self, token: object = None, session: object = None) -> Speaker:
        """The speaker behind a token, or a visitor where there is none (null and "" are none). Raises Problem."""
        return self.visitor(session) if token in (None, "") else self.signed_in(token)

    def signed_in(self, token: object) -> Speaker:
        """The account a token speaks for. Raises Problem token_invalid, token_expired."""
        claims = self._claims(token)
        principal = _principal(claims)
        key = [principal.role.value, principal.account, principal.shop]
        return Speaker(
            principal,
            f"{principal.role.value}-{self._digest('conversation', *key)}",
            f"s1.{self._digest('session', *key)}",
            float(claims["exp"]),
        )

    def visitor(self, session: object = None) -> Speaker:
        """A visitor: the one of `session` when that id was signed here, else a new one."""
        if not isinstance(session, str) or not self._is_ours(session):
            name = secrets.token_urlsafe(18)
            session = f"v1.{name}.{self._digest('visitor', name)}"
        return Speaker(VISITOR, f"visitor-{self._digest('conversation', 'visitor', session)}", session)

    def demo_token(self, principal: Principal, *, seconds: int = DEMO_SECONDS) -> str:
        """A token as a host page's back end would sign it. For demo mode: needs the HS256 key."""
        if not self._keys.signs:
            raise ValueError(f"expected an HS256 key to sign with, got {self._keys.algorithm}: no demo tokens then")
        claims: dict[str, Any] = {
            "sub": principal.account,
            "role": principal.role.value,
            "aud": self._audience,
            "exp": int(time.time()) + seconds,
        }
        claims.update({name: value for name in ("shop", "order") if (value := getattr(principal, name))})
        return jwt.encode(claims, self._keys.key, algorithm="HS256")

    def _claims(self, token: object) -> dict[str, Any]:
        if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST_TOKEN:
            raise Problem("token_invalid")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.key,
                algorithms=[self._keys.algorithm],
                audience=self._audience,
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise Problem("token_expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            # Which check failed helps an attacker more than a host page, whose log of its own claims tells it.
            raise Problem("token_invalid") from None
        if isinstance(claims["exp"], bool) or time.time() >= float(claims["exp"]):
            raise Problem("token_expired")
        return claims

    def _digest(self, purpose: str, *parts: str) -> str:
        return self._keys.digest(purpose, *parts).hex()[:32]

    def _is_ours(self, session: str) -> bool:
        if not _VISITOR.fullmatch(session):
            return False
        _, name, signature = session.split(".")
        return hmac.compare_digest(signature, self._digest("visitor", name))


def _principal(claims: dict[str, Any]) -> Principal:
    """The principal of verified claims. Raises Problem token_invalid for values that nobody honest signs."""
    role, account = claims.get("role"), claims.get("sub")
    shop, order = claims.get("shop") or "", claims.get("order") or ""
    if role not in (Role.BUYER.value, Role.SELLER.value) or not isinstance(account, str) or account != account.strip():
        raise Problem("token_invalid")
    if not isinstance(shop, str) or not isinstance(order, str):
        raise Problem("token_invalid")
    if (shop and not _SHOP.fullmatch(shop)) or (order and not _ORDER.fullmatch(order)):
        raise Problem("token_invalid")
    try:
        principal = parse_principal(f"{role}:{account}", Source.TOKEN)
    except ValueError:
        raise Problem("token_invalid") from None
    return replace(principal, shop=shop if role == Role.SELLER.value else "", order=order)
