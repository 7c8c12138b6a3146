"""The keys: from the settings, or made at first start into XIAOER_VAR (readable by the owner alone), never committed.

Two keys, for two purposes. The *token key* is shared with the host page's back end (HS256) or is its public key
(RS256, ES256); it is made only in demo mode. The *session key* stays on this server; the ids of conversations, visitors
and buttons come from it. Messages about keys never show them.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from xiaoer import settings
from xiaoer.errors import NotReady, SettingError
from xiaoer.settings import private_folder

SHORTEST_SECRET = 32  # bytes: a shorter HS256 secret can be guessed offline from one token
_PUBLIC_KEYS: dict[str, Any] = {"RS256": RSAPublicKey, "ES256": EllipticCurvePublicKey}
_HIDDEN = "(hidden)"
_REMEDY = (
    "网页挂件需要核对登录凭证的密钥，现在没有配置，所以不启动。任选一种：\n"
    "  · 正式使用：XIAOER_JWT_KEY=<与网站后端共用的密钥，至少 32 字节>（HS256），"
    "或 XIAOER_JWT_ALGORITHM=RS256 XIAOER_JWT_KEY_FILE=<公钥.pem>；见 docs/security.md\n"
    "  · 只是试用：XIAOER_DEMO=1（或直接 make chat），会在 var/ 里生成演示密钥"
)


@dataclass(frozen=True)
class Keys:
    """algorithm: the only one tokens may use; key: what checks them; signs: whether demo tokens can be made with it."""

    algorithm: str
    key: str = field(repr=False)
    session: bytes = field(repr=False)

    @property
    def signs(self) -> bool:
        return self.algorithm == "HS256"

    def digest(self, purpose: str, *parts: str) -> bytes:
        """32 bytes that only who has the session key can make of the parts."""
        # JSON, so that ("a", "bc") and ("ab", "c") differ; the purpose, so that one kind of id never serves as another.
        return hmac.digest(self.session, json.dumps([purpose, *parts]).encode(), "sha256")


def load() -> Keys:
    """The keys in force. Raises SettingError (a key that cannot be used), NotReady (none, outside demo mode)."""
    algorithm = settings.choice("XIAOER_JWT_ALGORITHM", "HS256", *_PUBLIC_KEYS)
    name, key = _configured()
    if not key:
        if not settings.flag("XIAOER_DEMO"):
            raise NotReady(_REMEDY)
        if algorithm != "HS256":
            raise SettingError("XIAOER_JWT_ALGORITHM", algorithm, "HS256, as demo mode signs its own tokens, or a key")
        name, key = "XIAOER_VAR", made("demo-jwt.key")
    _check(name, algorithm, key)
    return Keys(algorithm, key, _session_key().encode())


def made(name: str) -> str:
    """The secret in that file of XIAOER_VAR, made there the first time. Raises NotReady when the folder cannot be used."""
    path = settings.var(name)
    try:
        private_folder(path.parent)
        if not path.exists():
            _make(path)
        path.chmod(0o600)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise NotReady(f"密钥文件 {path} 用不了（{error.strerror}）。请检查目录权限，或设置 XIAOER_VAR。") from None


def _make(path: Path) -> None:
    """Whole or not at all: a link appears at once, and of two servers that start together one wins."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()


def _configured() -> tuple[str, str]:
    """(the setting's name, the key or nothing)."""
    key = settings.get("XIAOER_JWT_KEY")
    file = settings.get("XIAOER_JWT_KEY_FILE")
    if key or not file:
        return "XIAOER_JWT_KEY", key
    try:
        return "XIAOER_JWT_KEY_FILE", Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("XIAOER_JWT_KEY_FILE", file, f"a readable text file ({error})") from None


def _session_key() -> str:
    key = settings.get("XIAOER_SESSION_KEY")
    if not key:
        return made("session.key")
    if len(key.encode()) < SHORTEST_SECRET:
        raise SettingError("XIAOER_SESSION_KEY", _HIDDEN, f"at least {SHORTEST_SECRET} bytes")
    return key


def _check(name: str, algorithm: str, key: str) -> None:
    if algorithm == "HS256":
        if key.startswith(("-----BEGIN", "ssh-")):
            raise SettingError(name, _HIDDEN, "a secret, not a public key (everybody may have that), for HS256")
        if len(key.encode()) < SHORTEST_SECRET:
            raise SettingError(name, _HIDDEN, f"at least {SHORTEST_SECRET} bytes for HS256")
        return
    try:
        public = load_pem_public_key(key.encode())
    except ValueError:
        public = None
    if not isinstance(public, _PUBLIC_KEYS[algorithm]):
        raise SettingError(name, _HIDDEN, f"a public key in PEM form for {algorithm} (not the private one)")
