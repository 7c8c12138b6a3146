"""Switch it on, switch it off: request_enable and request_disable, for the seller's own shop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, button, instant
from actions.asking.certain import Pointed, shop_meant, speaks_of_a_product
from actions.asking.forms import (
    CONFIRMED,
    REQUESTED,
    Asks,
    Checked,
    Ends,
    Filled,
    FormTask,
    ReadBack,
    WriteTask,
)
from actions.asking.naming import product_word, wished
from actions.asking.shops import SHOPS, no_shops
from actions.desk import eligibility, quotes, rules
from actions.desk import requests as desk
from actions.desk.eligibility import running
from actions.desk.rules import NoRules
from actions.policydb.facts import EnrollmentFacts, RequestFacts, RequestKind, ShopFacts
from actions.policydb.queries import own, receipts
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Wish, Written
from actions.tasks.shops import named_loosely
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.principal import Role

OFFERED = 4
# Several shops at once; the question which one says that it is done for one at a time.
_ALL_OF_THEM = re.compile(r"都|全部|所有|一起|一块|(?<!第)[两俩三四五几]家|每家|个个")


def _shops(session: Session, ask: Ask) -> tuple[ShopFacts, ...]:
    """The asker's shops as they are in this session: each step of a form asks for them several times."""
    known = session.info.setdefault("shops", {})
    if ask.principal not in known:
        known[ask.principal] = own.shops(session, ask.principal)
    found: tuple[ShopFacts, ...] = known[ask.principal]
    return found


class _OnAShop(FormTask):
    """What both forms start with: which shop, which product."""

    role = Role.SELLER
    verb: str  # 开通, 关闭
    kind: RequestKind

    def doing(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> str:
        """给「果然新鲜水果店」开通退货宝, as far as it is known."""
        shop = f"给「{self._shop(session, ask, filled).name}」" if "form_shop" in filled else ""
        return shop + self.verb + (rules.product_name(filled["form_product"]) if "form_product" in filled else "")

    def preface(self, ask: Ask, product: str) -> str:
        """Of several products that a message names, one at a time."""
        others = [each for each in _wished_for(ask) if each != product]
        if not others or ask.asked.corrects:
            return ""
        name, other = rules.product_name(product), rules.product_name(others[0])
        return f"一次办一项，先办{name}；办完再说一声{self.verb}{other}。"

    def validate_form_shop(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        shops = _shops(session, ask)
        if not shops:
            return Ends(no_shops())
        pressed, kept = ask.named.get("shop", ""), str(ask.slots.get("form_shop") or "")
        asked = ask.slots.get(REQUESTED) == "form_shop"
        meant = Pointed(pressed) if pressed else shop_meant(ask, shops, asked=asked)
        if not meant.thing and not meant.why and ask.asked.corrects and "店" in ask.text:
            return self._which_shop(ask, shops, "")
        if not meant.thing and len(shops) > 1 and _ALL_OF_THEM.search(ask.asked.plain):
            return self._which_shop(ask, shops, "")
        if meant.why or (asked and not meant.thing):
            return self._which_shop(ask, shops, meant.why or "没认出是哪一家。")
        chosen = meant.thing or kept
        just_now = [str(code) for code in (ask.asked.shown or {}).get(SHOPS) or ()]
        if not chosen and not asked and len(just_now) == 1:
            chosen = just_now[0]  # the one that the reply just before was about
        if not chosen and len(shops) > 1:
            return self._which_shop(ask, shops, "")
        if chosen and chosen not in [shop.code for shop in shops]:
            # Somebody else's shop and no shop: one reply.
            return Ends(Reply("没有在您名下查到这家店，没有办任何事。请确认登录的是店铺主账号。", outcome="unknown"))
        return Filled(chosen or shops[0].code)

    def _which_shop(self, ask: Ask, shops: Sequence[ShopFacts], why: str) -> Asks:
        """Asks which shop. why: a sentence that comes before, or nothing."""
        lead = f"您名下有 {len(shops)} 家店，一次办一家，要给哪一家{self.verb}？"
        if len(shops) == 1:
            lead = f"这里能办的只有「{shops[0].name}」这一家店，要给它{self.verb}吗？"
        product = self._product(ask)
        if product:
            lead = lead.replace(f"{self.verb}？", f"{self.verb}{rules.product_name(product)}？")
        return Asks(
            Reply(
                wording.paragraphs(why + lead, "\n".join(f"{n}. {shop.name}" for n, shop in enumerate(shops, 1))),
                outcome="clarify",
                buttons=tuple(button(shop.name, self.topic, shop=shop.code, product=product) for shop in shops),
                data={SHOPS: [shop.code for shop in shops]},
                events=(SlotSet("form_product", product or None),),
            )
        )

    def _shop(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ShopFacts:
        return next(shop for shop in _shops(session, ask) if shop.code == filled["form_shop"])

    @staticmethod
    def _named(ask: Ask) -> str:
        """The product that the message names: of two that it wants, the one after 不是……是, 改成."""
        wished_for = _wished_for(ask)
        if not wished_for:
            return ""
        return wished_for[-1] if ask.asked.corrects else wished_for[0]

    def _product(self, ask: Ask) -> str:
        """The product named, else the one the form has, else none. 「不对」 alone takes back what the form had."""
        named = self._named(ask)
        if named or (ask.asked.corrects and "店" not in ask.text and ask.slots.get(REQUESTED) != "form_shop"):
            return named
        return str(ask.slots.get("form_product") or "")

    @staticmethod
    def _talked_of(ask: Ask) -> str:
        """At the start: the product that the reply just before was about, where the message speaks of no other."""
        if (
            ask.slots.get(REQUESTED)
            or (ask.asked.shown or {}).get("product") != ask.topical
            or speaks_of_a_product(ask)
        ):
            return ""
        return ask.topical

    def _which(self, lead: str, shop: ShopFacts, products: list[str]) -> Asks:
        return Asks(
            Reply(
                wording.paragraphs(lead, "直接说名字，或点下面的按钮。"),
                outcome="clarify",
                buttons=tuple(
                    button(rules.product_name(product), self.topic, shop=shop.code, product=product)
                    for product in products[:OFFERED]
                ),
            )
        )

    def _ends(self, text: str, product: str, *buttons: dict[str, str], used: tuple[Rule, ...] = ()) -> Ends:
        return Ends(
            Reply(
                wording.paragraphs(text, "这次没有写下任何东西。", wording.footer(used)),
                outcome="task",
                product=product,
                rules=used,
                buttons=buttons,
            )
        )

    def _elsewhere(self, shop: ShopFacts, product: str) -> Ends | None:
        """Not opened or closed through this desk; None: it is."""
        terms = rules.desk_of(product)
        if terms.enable:
            return None
        name = rules.product_name(product)
        if terms.withdrawn:
            text = (
                f"「{shop.name}」要{self.verb}的**{name}**已经停办，不能再{self.verb}。\n\n**下一步**：{terms.where}。"
            )
            other = terms.instead
            instead = (button(f"看{rules.product_name(other)}", "what_is_product", product=other),) if other else ()
            return self._ends(text, product, *instead)
        text = f"「{shop.name}」要{self.verb}的**{name}**不在我这里{self.verb}。\n\n**下一步**：{terms.where}。"
        how = "enable_service" if self.kind is RequestKind.ENABLE else "disable_service"
        return self._ends(text, product, button(f"怎么{self.verb}", how, product=product), button("转人工", "handoff"))


def _wished_for(ask: Ask) -> list[str]:
    """The products that a message names, each once; of several, those that it does not deny: 「退货宝留着，关运费险」."""
    products = list(dict.fromkeys(ask.products))
    if len(products) < 2 or not ask.bare:
        return products
    return [products[number] for number in wished(ask.bare, [[product_word(each)] for each in range(len(products))])]


def _key(session: Session, ask: Ask, kind: RequestKind, shop: ShopFacts, product: str) -> str:
    taken_back = receipts.taken_back(session, ask.principal, product, shop=shop.code)
    start = desk.after(desk.enrolment_start(shop, product), taken_back)
    return desk.key_of(kind, ask.principal, product, shop.code, start)


def _left(shop: ShopFacts, product: str) -> EnrollmentFacts | None:
    """The last enrolment, where it has ended."""
    last = max((s for s in shop.enrollments if s.product == product), key=lambda s: s.enrolled_at, default=None)
    return last if last is not None and last.ended_at is not None else None


class EnableForm(_OnAShop):
    """Collects shop and product, reads the terms back in a few lines, with the agreement that 确认 agrees to."""

    topic = "request_enable"
    kind = RequestKind.ENABLE
    slots = ("form_shop", "form_product", CONFIRMED)
    verb = "开通"

    def validate_form_product(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        shop = self._shop(session, ask, filled)
        talked_of = self._talked_of(ask)
        opens = talked_of and rules.desk_of(talked_of).enable and not running(shop, talked_of)
        product = self._product(ask) or (talked_of if opens else "")
        if not product:
            openable = [each for each in rules.desk_products() if not running(shop, each)]
            return self._which(f"要给「{shop.name}」开通哪一项？", shop, openable)
        return (
            self._elsewhere(shop, product)
            or self._already(shop, product, ask)
            or self._unfit(shop, product, ask)
            or Filled(product)
        )

    def _already(self, shop: ShopFacts, product: str, ask: Ask) -> Ends | None:
        """On already, or left so lately that it may not be opened again yet."""
        name, today = rules.product_name(product), local(ask.at).date()
        on = running(shop, product)
        if on is not None:
            text = f"「{shop.name}」的**{name}已经开通**，从{wording.day(on.enrolled_at, today)}起，不用再开。"
            return self._ends(text, product, button("看我的店开了哪些", "check_shop_services"))
        left, reopen = _left(shop, product), rules.find(product, "reopen")
        again = eligibility.reopens_at(product, shop, at=ask.at)
        if again is None or reopen is None or left is None or left.ended_at is None:
            return None
        text = (
            f"「{shop.name}」{wording.day(left.ended_at, today)}**刚退出{name}**，{wording.cite(reopen)}，"
            f"最早{wording.day(again, today)}。\n\n**下一步**：到千牛「店铺管理 → 商家保障」看入口现在能不能点，以那里为准。"
        )
        return self._ends(text, product, button("怎么开通", "enable_service", product=product), used=(reopen,))

    def _unfit(self, shop: ShopFacts, product: str, ask: Ask) -> Ends | None:
        try:
            fit = eligibility.walk(product, shop, at=ask.at)
        except NoRules:
            return None
        failing = fit.of(eligibility.State.FAIL)
        if not failing:
            return None
        lines = [
            f"{check.name}：您店{check.figure}，{wording.cite(check.rule)}。**怎么补**：{check.remedy}"
            for check in failing
        ]
        text = f"「{shop.name}」现在还**不能开通{rules.product_name(product)}**，差这{len(failing)}条：\n\n{wording.bullets(*lines)}"
        used = tuple(check.rule for check in failing)
        return self._ends(text, product, button("逐条看条件", "check_shop_eligibility", product=product), used=used)

    def read_back(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ReadBack:
        shop, product = self._shop(session, ask, filled), filled["form_product"]
        terms = rules.desk_of(product)
        price, used = _price(product, shop, ask)
        name = rules.product_name(product)
        where = rules.where_to_look(product, "disable_service")
        leave = terms.leave or f"跟我说「帮我关闭{name}」" + (f"；平台上怎么退没有查到，看{where}" if where else "")
        return ReadBack(
            key=_key(session, ask, self.kind, shop, product),
            title=f"给「{shop.name}」开通「{name}」",
            product=product,
            rows=(
                ("费用", price),
                ("范围和生效", "；".join(filter(None, [terms.scope or "范围以千牛页面为准", terms.start, terms.term]))),
                ("怎么退出", leave),
                ("协议", _agreement(product)),
            ),
            rules=used,
            values={"shop": shop.code},
        )

    def not_understood(self, ask: Ask) -> str:
        if ask.asked.read:
            return "看过就好。要开通请回「确认」，就是看过并同意协议；不办就回「算了」："
        return super().not_understood(ask)


def _agreement(product: str) -> str:
    """What is agreed to by 确认, and where it can be read. The request keeps this line."""
    name, agreement = rules.product_name(product), rules.desk_of(product).agreement or "页面上的服务协议"
    where = f"在千牛 → 店铺管理 → 商家保障（或搜「{name}」）里看全文"
    return f"**{agreement}**，{where}；回「确认」就是说您**看过并同意**它"


def _price(product: str, shop: ShopFacts, ask: Ask) -> tuple[str, tuple[Rule, ...]]:
    """The price line and the rules behind it."""
    try:
        quote = quotes.quote(product, shop, at=ask.at)
    except NoRules:
        return "资料不足，以千牛页面的报价为准", ()
    return wording.price(quote), quote.rules[:1]


class WriteEnable(WriteTask):
    """Writes the request, the enrolment and the journal line together."""

    form = EnableForm()

    def write(self, session: Session, ask: Ask, wish: Wish, now: ReadBack) -> Written:
        return requests.enable(session, ask.principal, wish, shop=now.values["shop"])

    def written(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        name = rules.product_name(request.product)
        return _receipt(
            ask,
            request,
            title=f"「{request.shop}」已开通「{name}」",
            rows=now.rows if now else (),
            note=f"从{wording.day(request.created_at, local(ask.at).date())}起生效，之后付款的订单都算。",
            next_step="到千牛核对一次状态和报价；想停，跟我说「帮我关闭」就行",
            new=new,
        )


class DisableForm(_OnAShop):
    """Collects shop and product, reads back what stops and what stays."""

    topic = "request_disable"
    kind = RequestKind.DISABLE
    slots = ("form_shop", "form_product", CONFIRMED)
    verb = "关闭"

    def validate_form_product(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> Checked:
        shop = self._shop(session, ask, filled)
        on = [service.product for service in shop.enrollments if service.ended_at is None]
        # 「大件那个」 names the one service that is on and is called so.
        of_shop = replace(shop, enrollments=tuple(each for each in shop.enrollments if each.ended_at is None))
        loosely = named_loosely(ask, [of_shop]) if ask.bare and not ask.products else ""
        talked_of = self._talked_of(ask)
        product = loosely or self._product(ask) or (talked_of if talked_of in on else "")
        if not product and not on:
            return self._ends(
                f"「{shop.name}」现在没有开通中的保障，不用关。", "", button("怎么开通", "enable_service")
            )
        if not product:
            only = len(on) == 1 and not speaks_of_a_product(ask)
            return Filled(on[0]) if only else self._which(f"要关闭「{shop.name}」的哪一项？", shop, on)
        if product not in on:
            left, name, today = _left(shop, product), rules.product_name(product), local(ask.at).date()
            since = f"，{wording.day(left.ended_at, today)}已经退出" if left and left.ended_at else ""
            text = f"「{shop.name}」现在**没有开通{name}**{since}，不用关。"
            return self._ends(text, product, button("看我的店开了哪些", "check_shop_services"))
        return self._elsewhere(shop, product) or Filled(product)

    def read_back(self, session: Session, ask: Ask, filled: Mapping[str, Any]) -> ReadBack:
        shop, product = self._shop(session, ask, filled), filled["form_product"]
        on, today = running(shop, product), local(ask.at).date()
        since = wording.day(on.enrolled_at, today) if on else ""
        rows, used = stops(product)
        return ReadBack(
            key=_key(session, ask, self.kind, shop, product),
            title=f"关闭「{shop.name}」的「{rules.product_name(product)}」（{since}起开通的）",
            product=product,
            rows=rows,
            rules=used,
            values={"shop": shop.code},
        )


def stops(product: str) -> tuple[tuple[tuple[str, str], ...], tuple[Rule, ...]]:
    """What stops and what stays when a product is switched off, and the rule behind it."""
    reopen = rules.find(product, "reopen")
    again = f"{reopen.text}（{wording.basis(reopen)}）" if reopen else "多久能再开，没有查到可靠规定，以千牛页面为准"
    rows = (
        ("停止", "提交就生效，下一笔订单起不再出单；全店一起停"),
        ("已付款的订单", "保障不受影响，照样能赔"),
        ("再开", again),
    )
    return rows, (reopen,) if reopen else ()


class WriteDisable(WriteTask):
    """Writes the request, ends the enrolment, and the journal line, together."""

    form = DisableForm()

    def write(self, session: Session, ask: Ask, wish: Wish, now: ReadBack) -> Written:
        return requests.disable(session, ask.principal, wish, shop=now.values["shop"])

    def written(self, session: Session, ask: Ask, request: RequestFacts, now: ReadBack | None, *, new: bool) -> Reply:
        name = rules.product_name(request.product)
        return _receipt(
            ask,
            request,
            title=f"「{request.shop}」已关闭「{name}」",
            rows=now.rows if now else (),
            note="已经付款的订单，保障不受影响；从下一笔订单起不再出单。",
            next_step="记得改掉商品详情页里写的这项保障，免得跟买家起纠纷",
            new=new,
        )


def _receipt(
    ask: Ask,
    request: RequestFacts,
    *,
    title: str,
    rows: tuple[tuple[str, str], ...],
    note: str,
    next_step: str,
    new: bool,
) -> Reply:
    """The receipt; the same for whoever confirms the same wish again."""
    again = "" if new else "（这件事刚才已经办好，没有再办一次）"
    return Reply(
        wording.paragraphs(f"**{title}**{again}。回执号 **{request.receipt}**。", note, f"**下一步**：{next_step}。"),
        product=request.product,
        buttons=(
            button("看我的店开了哪些", "check_shop_services"),
            button("这个月的报表", "shop_report"),
        ),
        card=receipt_card(request, title=title, rows=rows, next_step=next_step),
    )


def receipt_card(
    request: RequestFacts, *, title: str, rows: tuple[tuple[str, str], ...], next_step: str
) -> dict[str, Any]:
    return {
        "type": "receipt",
        "kind": request.kind.value,
        "receipt": request.receipt,
        "title": title,
        "state": request.state.value,
        "at": instant(request.created_at),
        "rows": [{"name": name, "value": value} for name, value in rows],
        "next_step": next_step,
    }
