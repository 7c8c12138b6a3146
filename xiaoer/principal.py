"""Who is asking. A principal is made by a channel that verified it, never from text or from what a browser sent.

Three sources are believed, and no other:
 - ``token``: the widget's channel verified a signed token and put the principal into the message metadata;
 - ``command``: ``xiaoer ask --as`` in a process of somebody who can read the database anyway;
 - ``shell``: ``rasa shell --conversation-id buyer:<account>``. Rasa's REST channel lets a client name any
   ``input_channel`` and any sender, so a shell principal is good for *demo accounts only* (``actions.policydb``
   enforces it): a database without demo accounts gives nothing away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

VERIFIED_CHANNELS = {"widget": "token", "ask": "command"}
SHELL_CHANNEL = "cmdline"
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


class Role(str, Enum):
    BUYER = "buyer"
    SELLER = "seller"
    VISITOR = "visitor"


# What people call them; the keys may be roles or their values.
ROLE_NAMES: Mapping[str, str] = {Role.BUYER: "买家", Role.SELLER: "卖家", Role.VISITOR: "访客"}


class Source(str, Enum):
    TOKEN = "token"
    COMMAND = "command"
    SHELL = "shell"
    NONE = "none"


@dataclass(frozen=True)
class Principal:
    """A verified asker.

    account: the id the host page's own system uses (JWT ``sub``); empty for a visitor.
    shop: the shop's id (sellers, when the token names one).
    order: the order number of the page the widget was opened on, when there is one.
    """

    role: Role
    account: str = ""
    shop: str = ""
    order: str = ""
    source: Source = Source.NONE

    @property
    def is_visitor(self) -> bool:
        return self.role is Role.VISITOR

    def as_dict(self) -> dict[str, str]:
        return {
            "role": self.role.value,
            "account": self.account,
            "shop": self.shop,
            "order": self.order,
            "source": self.source.value,
        }

    def __str__(self) -> str:
        return self.role.value if self.is_visitor else f"{self.role.value}:{self.account}"


VISITOR = Principal(Role.VISITOR)


def parse_principal(text: str, source: Source) -> Principal:
    """``buyer:ID``, ``seller:ID`` or ``visitor`` as a principal.

    Raises ValueError with what was expected and what came.
    """
    role, _, account = text.strip().partition(":")
    if role == Role.VISITOR.value and not account:
        return VISITOR
    if role in (Role.BUYER.value, Role.SELLER.value) and _ACCOUNT.fullmatch(account):
        return Principal(Role(role), account, source=source)
    raise ValueError(f"expected buyer:ID, seller:ID or visitor, got {text!r}")


def principal_of(sender_id: str, input_channel: str | None, metadata: Mapping[str, Any] | None) -> Principal:
    """The principal behind a message, from what a tracker holds; a visitor where nothing was verified."""
    if input_channel in VERIFIED_CHANNELS:
        data = (metadata or {}).get("principal")
        if isinstance(data, Mapping) and data.get("role") in (Role.BUYER.value, Role.SELLER.value):
            return Principal(
                Role(data["role"]),
                str(data.get("account") or ""),
                str(data.get("shop") or ""),
                str(data.get("order") or ""),
                Source(VERIFIED_CHANNELS[input_channel]),
            )
        return VISITOR
    if input_channel == SHELL_CHANNEL:
        try:
            return parse_principal(sender_id, Source.SHELL)
        except ValueError:
            return VISITOR
    return VISITOR
