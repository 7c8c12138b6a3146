"""The schema of the policy database. Money is integer fen, times are UTC, known states are CHECKed.

account ─┬─ shop ── enrollment ── product          request: what an account asked us to do
         └─ shop_order ─┬─ order_line              audit: what was done, by whom, from what to what (append-only)
                        └─ policy ── claim ─┬─ claim_event
                                            └─ payout
ticket ── ticket_message: conversations handed to a person, visitors' too
"""

from actions.policydb.tables.base import metadata
from actions.policydb.tables.insurance import Claim, ClaimEvent, Payout, Policy, Product
from actions.policydb.tables.orders import OrderLine, ShopOrder
from actions.policydb.tables.requests import Audit, Request
from actions.policydb.tables.shops import Account, Enrollment, Shop
from actions.policydb.tables.tickets import Ticket, TicketMessage

# All of them, always: tables name each other, and migrations compare the database with the whole.
__all__ = [
    "Account",
    "Audit",
    "Claim",
    "ClaimEvent",
    "Enrollment",
    "OrderLine",
    "Payout",
    "Policy",
    "Product",
    "Request",
    "Shop",
    "ShopOrder",
    "Ticket",
    "TicketMessage",
    "metadata",
]
