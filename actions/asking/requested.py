"""Which of one's own requests is meant: by receipt, by its place in the list just shown, by what it was about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask
from actions.asking.certain import shop_meant
from actions.asking.choosing import at_place, linked_orders
from actions.desk.rules import product_name
from actions.policydb.facts import RequestFacts, RequestKind
from actions.policydb.queries import own
from knowledge import Task, live
from xiaoer.clock import local
from xiaoer.principal import Role

REQUESTS = "requests"  # in a reply's data: the receipts of the requests that it lists, in their order
LOOKED_AT = 30  # newest requests among which one is looked for
TASKS = {
    RequestKind.APPEAL: "file_appeal",
    RequestKind.ENABLE: "request_enable",
    RequestKind.DISABLE: "request_disable",
}
_RECEIPT = re.compile(r"XR[-－—_ ]?([A-Z2-7]{10})(?![A-Z0-9])", re.IGNORECASE)
_PLACE = re.compile(r"(?:选|第)?(\d{1,2})[号.、]?")
_LATEST = re.compile(
    r"刚才|刚刚|刚办|刚[关开停交提弄]|方才|上一?[个次回件]|最近那?一?[个次件]|最后那?一?[个次件]|才[办关开交]"
)


def named_receipt(ask: Ask) -> str:
    """The receipt that a button or the words name; "" for none."""
    found = _RECEIPT.search(ask.text) if ask.bare else None  # as typed: what repeats is shortened elsewhere
    return ask.named.get("receipt", "") or (f"XR-{found[1].upper()}" if found else "")


def at_its_place(ask: Ask) -> str:
    """The receipt at the place, in the list just shown, that the message points at; "" where it points at none."""
    listed = [str(receipt) for receipt in (ask.asked.shown or {}).get(REQUESTS) or ()]
    bare = _PLACE.fullmatch(ask.asked.plain)
    place = int(bare[1]) if bare else ask.ordinal
    return (at_place(listed, place) or "") if place is not None else ""


def the_latest(ask: Ask) -> bool:
    """Whether the words speak of what was done just now, or last."""
    return _LATEST.search(ask.asked.plain) is not None


def those_named(
    session: Session, ask: Ask, found: Sequence[RequestFacts], *, undone: bool
) -> tuple[RequestFacts, ...] | None:
    """Those that the words name by what they were about; None where they name nothing.

    undone: the words say what to take back, so 「关的那个开回来」 is about a closing alone.
    """
    tests = [
        test for test in (_kind(ask, undone=undone), _product(ask), _shop(session, ask), _order(session, ask)) if test
    ]
    if not tests:
        return None
    return tuple(request for request in found if all(_passes(request, test) for test in tests))


_Test = tuple[str, frozenset[str]]  # a name of a request's facts, and the values that are meant


def _passes(request: RequestFacts, test: _Test) -> bool:
    value = request.kind.value if test[0] == "kind" else getattr(request, test[0])
    return value in test[1]


def _kind(ask: Ask, *, undone: bool) -> _Test | None:
    text = ask.asked.plain if ask.bare else ""
    words = {kind: _words_of(live().catalogue.tasks, task) for kind, task in TASKS.items()}
    done = [kind for kind in TASKS if _done(words[kind], _against(kind, words)).search(text)]
    said = done or [kind for kind in TASKS if not undone and re.search("|".join(words[kind]), text)]
    return ("kind", frozenset(kind.value for kind in said)) if said else None


def _words_of(tasks: Mapping[str, Task], task: str) -> tuple[str, ...]:
    """How people name what a task does, as patterns; what taking back is called too is no word for closing."""
    others = tasks["take_back"].verbs
    return tuple(re.escape(verb) for verb in tasks[task].verbs if verb not in others)


def _against(kind: RequestKind, words: Mapping[RequestKind, tuple[str, ...]]) -> tuple[str, ...]:
    """How people name the opposite: 「开回来」 is said of a closing."""
    opposite = {RequestKind.ENABLE: RequestKind.DISABLE, RequestKind.DISABLE: RequestKind.ENABLE}.get(kind)
    return words[opposite] if opposite else ()


@lru_cache(maxsize=8)
def _done(verbs: tuple[str, ...], opposite: tuple[str, ...]) -> re.Pattern[str]:
    """关的, 关掉的, 取消关闭, 关错了; 开回来. Of an appeal its name is enough."""
    verb = "|".join(verbs)
    if not opposite:
        return re.compile(verb)
    back = f"|(?:{'|'.join(opposite)})[^，。,]{{0,2}}回|(?:{'|'.join(opposite)})着"
    return re.compile(
        rf"(?:{verb})(?:[了掉通]|[^，。,]{{0,3}}的)*[^，。,]{{0,6}}的|(?:撤销|撤回|取消|作废|收回)[^，。,]{{0,6}}(?:{verb})"
        rf"|(?:{verb})[了掉通]*错|(?:不|别|误)(?:想)?(?:{verb}){back}"
    )


def _product(ask: Ask) -> _Test | None:
    return ("product", frozenset(ask.products)) if ask.products else None


def _shop(session: Session, ask: Ask) -> _Test | None:
    if ask.principal.role is not Role.SELLER or not ask.bare:
        return None
    code = shop_meant(ask, own.shops(session, ask.principal), asked=False).thing
    return ("shop_code", frozenset([code])) if code else None


def _order(session: Session, ask: Ask) -> _Test | None:
    if ask.principal.role is not Role.BUYER:
        return None
    if ask.order_number:
        return "order_number", frozenset([ask.order_number])
    linked = linked_orders(session, ask)
    named = linked.said and linked.sure and (linked.orders or any(sign.isdigit() for sign in linked.said))
    return ("order_number", frozenset(linked.orders)) if named else None


# ---------------------------------------------------------------------- in words


def title_of(session: Session, ask: Ask, request: RequestFacts) -> str:
    """开通「果然新鲜水果店」的退货宝; 对尾号 9443（毛呢大衣）的申诉."""
    name = product_name(request.product)
    if request.kind is not RequestKind.APPEAL:
        verb = live().current.tasks[TASKS[request.kind]].writes
        return f"{verb}「{request.shop}」的「{name}」"
    order = own.order(session, ask.principal, request.order_number)
    thing = f"（{wording.item(order)}）" if order else ""
    return f"对尾号 {request.order_number[-4:]}{thing}这单的{name}拒赔申诉"


def moment(ask: Ask, request: RequestFacts) -> str:
    """11月23日 12:05."""
    return f"{wording.day(request.created_at, local(ask.at).date())} {local(request.created_at):%H:%M}"
