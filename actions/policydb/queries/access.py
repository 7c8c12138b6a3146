"""Who may see and change what: the principal's own, by role. Every query that the bot asks filters by `own_account`.

- A visitor never reaches the database: NotSignedIn.
- A principal of the wrong role gets WrongRole, before anything is read.
- Whoever came through `rasa shell` merely said a name, so a shell principal resolves to demo accounts only.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.policydb import tables
from xiaoer.errors import XiaoerError
from xiaoer.principal import Principal, Role, Source


class NotSignedIn(XiaoerError):
    """A visitor asked for account data."""


class WrongRole(XiaoerError):
    """A buyer asked for a seller's data, or a seller for a buyer's."""


def require(principal: Principal, *roles: Role) -> None:
    """Nothing for a principal of one of these roles. Raises NotSignedIn for a visitor, else WrongRole."""
    if principal.is_visitor:
        raise NotSignedIn("expected a signed-in buyer or seller, got a visitor; sign in on the host page")
    if principal.role not in roles:
        raise WrongRole(f"expected {' or '.join(role.value for role in roles)}, got {principal.role.value}")


def own_account(principal: Principal, *roles: Role) -> tuple[Any, ...]:
    """Conditions that hold for the principal's own account row and no other. Raises NotSignedIn, WrongRole."""
    require(principal, *(roles or (Role.BUYER, Role.SELLER)))
    own = (tables.Account.role == principal.role.value, tables.Account.external_id == principal.account)
    return (*own, tables.Account.is_demo.is_(True)) if principal.source is Source.SHELL else own


def account_of(session: Session, principal: Principal) -> Any:
    """The principal's own account row; None where the database does not know it."""
    return session.execute(select(tables.Account).where(*own_account(principal))).scalars().first()
