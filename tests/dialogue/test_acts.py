"""What a sentence does, by table: yes, taking back, calling off, correcting."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.dialogue.acts import Acts, acts_of
from bot.understanding.normaliser import closed_up, evened
from knowledge import live

NAMES = {"退货宝": "return_care", "材质保真险": "material_fidelity", "运费险": "freight", "保价险": "price_protection"}
TASKS = [task for task in live().current.tasks.values() if task.verbs]
YES = ["确认", "确定", "好的", "好", "行", "可以", "嗯", "嗯嗯好的办吧", "没问题", "OK", "ok👌", "是的，确认", "对", "办吧", "开吧", "帮我办理",
       "确认开通", "中", "要得", "同意", "就这样吧", "确认！", "确认无误", "我确认开通", "好嘞", "当然", "👍"]  # fmt: skip
NO = ["确认什么", "确认之前我问下", "先不确认", "确认吗", "确认？", "等一下再确认", "不要确认", "好贵啊", "好像不对", "可以便宜点吗", "行不行", "是什么",
      "对了多久生效", "好的，运费险多久到账", "不", "算了", "吧", "", "……", "我", "开通要多少钱", "关闭", "停", "对了", "哦对了", "得了吧", "行了行了",
      "好了", "办好了", "成了", "嗯。。。", "确认关闭", "确认申诉"]  # fmt: skip


def acts(text: str, doing: str | None = None) -> Acts:
    """Of a text as typed; the names in it stand where the pipeline would find them."""
    plain, breaks = closed_up(evened(text))
    named = [(*found.span(), NAMES[found.group()]) for found in re.finditer("|".join(NAMES), plain)]
    words = live().current.acts
    return acts_of(text, plain, words=words, tasks=TASKS, doing=doing, about="return_care", named=named, breaks=breaks)


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert acts(text, "request_enable").yes


@pytest.mark.parametrize("text", NO)
def test_no_yes(text: str) -> None:
    assert not acts(text, "request_enable").yes


@pytest.mark.parametrize(
    ("text", "yes"), [("关吧", True), ("停", True), ("确认关闭", True), ("开吧", False), ("确认开通", False)]
)
def test_the_verb_is_the_forms_own(text: str, yes: bool) -> None:
    assert acts(text, "request_disable").yes is yes


@pytest.mark.parametrize("text", ["看过了", "协议我都读完了", "已阅", "我看完了", "协议看过了"])
def test_that_it_was_read_is_no_yes(text: str) -> None:
    assert acts(text, "request_enable").read
    assert not acts(text, "request_enable").yes


@pytest.mark.parametrize("text", ["看过了，同意", "看完了没问题", "协议看过了，可以", "同意", "好的"])
def test_read_and_agreed_is_a_yes(text: str) -> None:
    assert acts(text, "request_enable").yes


@pytest.mark.parametrize(
    "text",
    [
        "还没看过",
        "看过了吗",
        "没看",
        "不同意",
        "先看看",
        "在哪看",
        "协议是什么",
        "看了一半",
        "同意了会怎样",
        "看了觉得贵",
        "同意才怪",
    ],
)
def test_has_not_read(text: str) -> None:
    assert not acts(text).read


@pytest.mark.parametrize(
    "text",
    [
        "算了",
        "不办了",
        "先不开了吧",
        "不用了",
        "取消",
        "还是算了吧",
        "算了，不申诉了",
        "那不关了",
        "改天再说",
        "留着吧",
        "算球",
    ],
)
def test_ends(text: str) -> None:
    assert acts(text).calls_off


@pytest.mark.parametrize(
    "text", ["取消了会怎样", "我不要了所以退的", "卖家让我放弃维权", "不对", "先不确认", "取消刚才的申诉", "好"]
)
def test_does_not_end(text: str) -> None:
    assert not acts(text).calls_off


@pytest.mark.parametrize(
    ("text", "declined"),
    [
        # -- the task's own verb, negated, with nothing but an object behind it
        ("别给我开退货宝", {"request_enable"}),
        ("我不想开退货宝了，帮我关掉", {"request_enable"}),
        ("先不开了吧", {"request_enable"}),
        ("没说要开退货宝", {"request_enable"}),
        ("现在不想开通这个服务", {"request_enable"}),
        ("别把退货宝给我开起来", {"request_enable"}),
        ("我不想关运费险", {"request_disable"}),
        ("别停我的运费险", {"request_disable"}),
        ("不停", {"request_disable"}),
        ("別關運費險", {"request_disable"}),
        ("不用申诉了", {"file_appeal"}),
        ("运费险还是留着", {"request_disable"}),
        # -- another verb, another object, another word
        ("一直不停扣钱，帮我关了", set()),
        ("不停就扣钱", set()),
        ("不停地收我服务费", set()),
        ("不想再投保了，把退货宝关了吧", set()),
        ("别再给我开着了，帮我关闭退货宝", set()),
        ("不关我的事", set()),
        ("用了不开心", set()),
        ("不开会员行吗", set()),
        ("不交保证金可以吗", set()),
        # -- questions and states
        ("要不要开退货宝", set()),
        ("开不开退货宝", set()),
        ("能不能关运费险", set()),
        ("要不开一个退货宝吧", set()),
        ("还没开通退货宝", set()),
        ("为什么不能开", set()),
        ("帮我关了运费险", set()),
        ("开通退货宝", set()),
    ],
)
def test_declined(text: str, declined: set[str]) -> None:
    assert acts(text).declined == declined


@pytest.mark.parametrize(
    ("text", "does"),
    [("没有", True), ("底单照片丢了", True), ("单号找不到了", True), ("没收到货", False), ("有", False)],
)
def test_there_is_none(text: str, does: bool) -> None:
    assert acts(text).lacks is does


@pytest.mark.parametrize(
    ("text", "does"),
    [("不对，是另一单", True), ("改成退货宝", True), ("我说的是运费险", True), ("对", False), ("好的", False)],
)
def test_corrects(text: str, does: bool) -> None:
    assert acts(text).corrects is does


def row(entry: dict[str, Any]) -> Any:
    marks = [pytest.mark.xfail(reason="misread", strict=True)] if entry.get("misread") else []
    return pytest.param(entry, id=f"{entry.get('doing', 'nothing')}-{entry['said']}", marks=marks)


TABLE = yaml.safe_load((Path(__file__).parent / "acts.yml").read_text(encoding="utf-8"))


def does(entry: dict[str, Any]) -> set[str]:
    """What a sentence of the table is read to do, in the table's words."""
    doing = entry.get("doing")
    found = acts(entry["said"], doing)
    if doing is None:
        return {f"declines {task}" for task in found.declined} or {"nothing", "corrects"}
    if found.yes:
        return {"agrees"}
    if found.calls_off or (doing in found.declined and not found.asks):
        return {"calls off"}
    return {"corrects"} if found.corrects and not found.asks else {"nothing"}


@pytest.mark.parametrize("entry", [row(entry) for entries in TABLE.values() for entry in entries])
def test_what_a_sentence_does(entry: dict[str, Any]) -> None:
    labels = entry["does"] if isinstance(entry["does"], list) else [entry["does"]]
    assert does(entry) & set(labels)


@pytest.mark.parametrize(
    ("text", "wanted", "denied"),
    [
        ("运费险留着 退货宝关掉", ("return_care",), {"freight"}),
        ("不是关运费险 是关材质保真险", ("material_fidelity",), {"freight"}),
        ("运费险和退货宝都给关了", ("freight", "return_care"), set()),
        ("退货宝开不开无所谓 先把运费险关了", ("freight",), set()),
        ("除了运费险别的都关掉", (), {"freight"}),
        ("不想要运费险了 关了吧", ("freight",), set()),
    ],
)
def test_of_which_things(text: str, wanted: tuple[str, ...], denied: set[str]) -> None:
    found = acts(text)
    assert found.objects.get("request_disable", ()) == wanted
    assert found.denied.get("request_disable", set()) == denied


@pytest.mark.parametrize(
    "text", ["好的", "那就", "谢谢啦", "别不", "没有单号", "关是关", "看过了谢谢啦", "我开", "退货宝关"]
)
def test_a_long_message_is_read_in_one_go(text: str) -> None:
    started = time.perf_counter()
    acts((text * 150)[:300] + "x", "request_disable")
    assert time.perf_counter() - started < 0.5
