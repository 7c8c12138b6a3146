"""A small knowledge tree without a fault, for tests that put one in."""

from __future__ import annotations

from pathlib import Path

from xiaoer.settings import ROOT

TOPICS = """\
knowledge_topics:
  what_is_product: 这是什么
  enable_service: 卖家怎么开通
  payout_amount: 赔多少
  terms_overview: 规则总览
tasks:
  check_policy: {says: 我这单有没有保, who: buyer}
  request_enable:
    says: 帮我开通
    who: seller
    writes: 开通
    verbs: [开通, 开]
    form: [form_shop, confirmed]
conversation: [greet, handoff]
outside:
  out_of_scope: 别的问题
default_product: freight
products:
  freight: 退货运费险
  return_care: 退货宝
"""
LABELS = """\
what_is_product: "{product}是什么？"
enable_service: 怎么开通？
payout_amount: 能赔多少？
terms_overview: 主要规则有哪些？
check_policy: 查我这单有没有保
request_enable: 帮我开通
handoff: 转人工
"""
LEXICON = """\
courier:
  顺丰: [顺丰, 顺丰速运]
  中通: [中通]
"""
FREIGHT = """\
id: freight
name: 退货运费险
kind: insurance
aliases: [运费险, 退运险]
summary: 退货时补偿寄回的运费。
paid_by: {seller: 商家付, buyer: 买家付}
pays_to: 买家
popular:
  buyer: [payout_amount, check_policy]
  seller: [enable_service]
topics:
  buyer: [what_is_product, payout_amount, terms_overview]
  seller: [what_is_product, enable_service, payout_amount, terms_overview]
unknown:
  - topics: [terms_overview]
    where: 看订单里的保单页
"""
RETURN_CARE = """\
id: return_care
name: 退货宝
kind: service
aliases: [体验提升计划]
summary: 退换货时抵首重运费。
paid_by: {seller: 商家付, buyer: 不用付}
pays_to: 买家
popular:
  buyer: [what_is_product]
  seller: [what_is_product]
topics:
  buyer: [what_is_product]
  seller: [what_is_product]
"""
FRONT = """\
---
as_of: 2024-09
review_by: 2027-05
grade: B
sources:
  - https://example.com/page
  - 天猫保险服务怎么操作?在哪设置?
related: [%s]
---
"""
WHAT = FRONT % "payout_amount, check_policy" + "退货时补偿寄回的运费。\n\n- 有没有，看订单页。\n"
AMOUNT = FRONT % "what_is_product" + "## 买家\n\n最高赔 25 元。\n\n## 卖家\n\n买家最高得 25 元。\n"
ENABLE = FRONT % "what_is_product" + "## 卖家\n\n在商家保障里点立即加入。\n"
CARE = FRONT % "check_policy" + "商家订购的平台服务。\n"

FILES = {
    "topics.yml": TOPICS,
    "labels.yml": LABELS,
    "lexicon.yml": LEXICON,
    "acts.yml": (ROOT / "knowledge" / "acts.yml").read_text("utf-8"),
    "freight/product.yml": FREIGHT,
    "freight/what_is_product.md": WHAT,
    "freight/payout_amount.md": AMOUNT,
    "freight/enable_service.md": ENABLE,
    "return_care/product.yml": RETURN_CARE,
    "return_care/what_is_product.md": CARE,
}


class Tree:
    """`knowledge/` in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def replace(self, name: str, old: str, new: str) -> Path:
        """Changes the one place where a file says `old`."""
        text = (self.root / name).read_text("utf-8")
        assert text.count(old) == 1, f"{name} says {old!r} {text.count(old)} times"
        return self.write(name, text.replace(old, new))

    def line(self, name: str, text: str) -> int:
        """The first line that holds `text`."""
        rows = (self.root / name).read_text("utf-8").splitlines()
        return next(number for number, row in enumerate(rows, 1) if text in row)
