"""The tasks as people meet them: every demo state, which order is meant, who may ask, what happens on failure."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

import actions
from actions.asking import base
from actions.asking.choosing import OFFERED
from actions.policydb.demo.data import NUMBERS
from actions.policydb.queries import own
from actions.tasks.appeals import AppealForm
from actions.tasks.claims import CheckClaim, EstimatePayout, ExplainPayout
from actions.tasks.done import MyRequests
from actions.tasks.enrolling import DisableForm, EnableForm
from actions.tasks.policies import CheckPolicy, ListPolicies
from actions.tasks.reports import ShopReport
from actions.tasks.selling import CheckShopEligibility, EstimatePremium
from actions.tasks.shops import CheckShopServices
from actions.tasks.taking_back import TakeBackForm
from knowledge import live
from xiaoer.principal import VISITOR, Principal, Role, Source

Ask = Callable[..., Any]
BUYERS_TASKS: list[Action] = [CheckPolicy(), ListPolicies(), CheckClaim(), EstimatePayout(), ExplainPayout()]
TASKS: list[Action] = [
    *BUYERS_TASKS,
    *(CheckShopServices(), CheckShopEligibility(), EstimatePremium(), ShopReport()),
]
# What writes, and what the dialogue needs around it; each has its own tests.
OTHERS = {
    "action_own",
    *("validate_request_enable_form", "validate_request_disable_form", "validate_file_appeal_form"),
    *("action_request_enable", "action_request_disable", "action_file_appeal"),
    *("validate_take_back_form", "action_take_back", "action_my_requests"),
    *("action_cancel", "action_settle", "action_handoff", "action_pass_on"),
}
OUTCOMES = {"answered", "clarify", "unknown", "sign_in", "task", "error"}

# (order, state, what the reply must say: the state, the date, the rule)
STATES = [
    ("not_started", "not_started", ["已出单，未生效", "11月22日", "付款即出保单"]),
    ("in_force", "in_force", ["保障中", "2027年2月16日", "90 天", "确认收货后保障一般结束"]),
    ("in_force_bought", "in_force", ["保障中", "您下单时购买", "15元"]),
    ("withdrawn", "in_force", ["保障中", "11月15日"]),
    ("lapsed_confirmed", "lapsed", ["已失效", "您11月11日确认收货", "确认收货后保障一般结束", "也有页面"]),
    ("lapsed_90_days", "lapsed", ["已失效", "10月24日", "90 天"]),
    ("cancelled", "void", ["已作废", "11月14日", "保费会随货款原路退回"]),
    ("no_policy", "none", ["没有退货运费险", "查不到保单"]),
    ("waiting_refund", "claimed", ["理赔中", "11月21日", "约 2 小时"]),
    ("reviewing", "claimed", ["理赔中", "72 小时"]),
    ("overdue", "claimed", ["理赔中", "已经超过"]),
    ("paid", "paid", ["已赔付", "11月7日赔付 12元", "支付宝"]),
    ("courier_offset", "paid", ["已赔付", "直接抵给快递"]),
    ("exchange", "paid", ["已赔付", "换货"]),
    ("two_parcels", "paid", ["已赔付", "不再赔"]),
    ("bulky", "in_force", ["大件运费险", "保障中", "420元", "推算"]),
    ("bulky_refused_delivery", "paid", ["大件运费险", "260元", "拒签"]),
    ("return_care", "in_force", ["退货宝", "保障中", "26元", "2027年2月14日"]),
    ("return_care_paid", "paid", ["退货宝", "18元"]),
    ("refused_bad_tracking", "refused", ["已拒赔", "退货单号错误", "拒赔申诉"]),
    ("refused_shared_parcel", "refused", ["一个包裹对应了多个订单", "只赔一笔"]),
    ("refused_abnormal_trade", "refused", ["虚假或异常"]),
    ("refused_account_risk", "refused", ["频繁下单退货"]),
    ("refused_expired", "refused", ["超出保障期", "确认收货后保障一般结束"]),
    ("refused_no_return", "refused", ["没有真实寄回", "仅退款"]),
    ("refused_before_receipt", "refused", ["寄回时间早于签收时间"]),
]


@pytest.mark.parametrize(("key", "state", "parts"), STATES, ids=[case[0] for case in STATES])
def test_check_policy_in_every_state(ask: Ask, key: str, state: str, parts: list[str]) -> None:
    said = ask(CheckPolicy(), order_number=NUMBERS[key])
    assert said.outcome == "task"
    assert said.meta["card"]["state"] == state
    for part in [f"尾号 {NUMBERS[key][-4:]}", "规则口径截至", "下一步", *parts]:
        assert part in said.text
    assert said.meta["sources"]
    assert said.meta["as_of"]
    assert said.slots == {"current_order": NUMBERS[key], "spoken_on": None}


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("waiting_refund", ["寄回途中", "11月21日 寄回商品"]),
        ("reviewing", ["审核中", "11月25日 19:20"]),
        ("overdue", ["现在已经超过", "转人工"]),
        ("paid", ["11月7日赔付 12元", "打到您的支付宝"]),
        ("courier_offset", ["直接抵给快递", "不会再打到支付宝"]),
        ("two_parcels", ["已拒赔", "同一单另有一笔：纯棉T恤 白色", "12元"]),
        ("exchange", ["换货"]),
        ("bulky_refused_delivery", ["260元", "拒签"]),
        ("refused_bad_tracking", ["已拒赔", "11月19日", "用正确单号申诉"]),
        ("in_force", ["还没有理赔记录"]),
        ("no_policy", ["没有可以赔付的保障"]),
    ],
)
def test_check_claim(ask: Ask, key: str, parts: list[str]) -> None:
    said = ask(CheckClaim(), order_number=NUMBERS[key])
    assert said.outcome == "task"
    assert all(part in said.text for part in parts), said.text


@pytest.mark.parametrize(
    ("key", "parts", "fen"),
    [
        ("in_force", ["**12元**", "定额", "浙江杭州 → 浙江嘉兴"], 1200),
        ("reviewing", ["**12元**", "超出的 1元 由您承担"], 1200),
        ("bulky", ["最高420元"], 42000),
        ("return_care", ["最高26元"], 2600),
        ("lapsed_confirmed", ["现在不能再赔付", "已失效"], None),
        ("no_policy", ["没有可以赔付的保障"], None),
    ],
)
def test_estimate_payout(ask: Ask, key: str, parts: list[str], fen: int | None) -> None:
    said = ask(EstimatePayout(), order_number=NUMBERS[key])
    assert all(part in said.text for part in parts), said.text
    assert said.meta["card"].get("payout_fen") == fen


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("paid", ["赔付了 12元", "已经够付"]),
        ("paid_short", ["赔付了 14元", "寄回运费是 22元", "1.85 公斤", "差的 8元", "由您承担"]),
        ("paid_short_seller_fault", ["差的 3元", "应由卖家补给您"]),
        ("courier_offset", ["抵给了快递"]),
        ("two_parcels", ["只赔第一次"]),
        ("return_care_paid", ["18元", "2.6 公斤", "首重"]),
        ("in_force", ["还没有赔付记录"]),
    ],
)
def test_explain_payout(ask: Ask, key: str, parts: list[str]) -> None:
    said = ask(ExplainPayout(), order_number=NUMBERS[key])
    assert said.outcome == "task"
    assert all(part in said.text for part in parts), said.text


# ---------------------------------------------------------------- which order
def test_several_orders_are_offered_as_buttons(ask: Ask) -> None:
    said = ask(CheckPolicy())
    assert said.outcome == "clarify"
    assert len(said.buttons) == OFFERED
    assert said.buttons[0] == {
        "title": "11月22日 秋冬加绒卫衣 159元 尾号9345",
        "payload": f'/check_policy{{"order_number": "{NUMBERS["not_started"]}"}}',
    }
    payloads = [json.loads(each["payload"].removeprefix("/check_policy")) for each in said.buttons]
    assert said.slots["offered_orders"] == [payload["order_number"] for payload in payloads]


def test_only_the_orders_that_fit_are_offered(ask: Ask) -> None:
    fitting = {NUMBERS[key] for key in NUMBERS if "short" in key or "paid" in key} | {
        NUMBERS["courier_offset"],
        NUMBERS["exchange"],
        NUMBERS["two_parcels"],
    }
    assert set(ask(ExplainPayout()).slots["offered_orders"]) <= fitting


def test_the_only_order_that_fits_is_taken(ask: Ask) -> None:
    assert NUMBERS["amy_in_force"][-4:] in ask(CheckPolicy(), "buyer:amy").text
    assert "赔付了 11元" in ask(ExplainPayout(), "buyer:bob").text


@pytest.mark.parametrize(("ordinal", "place"), [("1", 0), ("2", 1), ("-1", -1)])
def test_an_ordinal_points_into_the_list_last_shown(ask: Ask, ordinal: str, place: int) -> None:
    listed = ask(ListPolicies()).slots["offered_orders"]
    said = ask(CheckPolicy(), slots={"offered_orders": listed, "current_order": listed[3]}, ordinal=ordinal)
    assert said.slots["current_order"] == listed[place]


@pytest.mark.parametrize("ordinal", ["9", "0", "-9", "many"])
def test_an_ordinal_outside_the_list_asks_again(ask: Ask, ordinal: str) -> None:
    said = ask(CheckPolicy(), slots={"offered_orders": [NUMBERS["paid"]]}, ordinal=ordinal)
    assert said.outcome == "clarify"


def test_an_ordinal_without_a_list_asks(ask: Ask) -> None:
    assert ask(CheckPolicy(), ordinal="2").outcome == "clarify"


def test_the_order_of_belief(ask: Ask) -> None:
    """Number in the message, ordinal, the page's order, the order talked about."""
    page = Principal(Role.BUYER, "demo", order=NUMBERS["bulky"], source=Source.TOKEN)
    slots = {"offered_orders": [NUMBERS["exchange"]], "current_order": NUMBERS["paid"]}
    chosen = [
        ask(CheckPolicy(), page, slots, order_number=NUMBERS["in_force"], ordinal="1"),
        ask(CheckPolicy(), page, slots, ordinal="1"),
        ask(CheckPolicy(), page, slots),
        ask(CheckPolicy(), "buyer:demo", slots),
    ]
    assert [said.slots["current_order"] for said in chosen] == [
        NUMBERS[key] for key in ("in_force", "exchange", "bulky", "paid")
    ]


def test_an_order_talked_about_that_does_not_fit_gives_way(ask: Ask) -> None:
    said = ask(ExplainPayout(), "buyer:bob", {"current_order": NUMBERS["bob_in_force"]})
    assert said.slots["current_order"] == NUMBERS["bob_paid"]


def test_an_order_talked_about_is_answered_about_when_none_fits(ask: Ask) -> None:
    said = ask(CheckClaim(), "buyer:amy", {"current_order": NUMBERS["amy_in_force"]})
    assert "还没有理赔记录" in said.text


def test_another_accounts_slots_open_nothing(ask: Ask) -> None:
    slots = {"current_order": NUMBERS["in_force"], "offered_orders": [NUMBERS["in_force"]]}
    assert ask(CheckPolicy(), "buyer:amy", slots).slots["current_order"] == NUMBERS["amy_in_force"]
    assert ask(CheckPolicy(), "buyer:amy", slots, ordinal="1").outcome == "unknown"


def test_the_product_named_decides_among_an_orders_policies(ask: Ask) -> None:
    said = ask(CheckPolicy(), order_number=NUMBERS["in_force"], product="return_care")
    assert "没有查到「退货宝」" in said.text
    assert "退货运费险" in said.text
    carried = ask(CheckPolicy(), slots={"product": "return_care"}, order_number=NUMBERS["in_force"])
    assert carried.meta["product"] == "freight", "a product only carried over does not hide the policy there is"


# ---------------------------------------------------------------- who asks
@pytest.mark.parametrize("task", BUYERS_TASKS, ids=lambda task: task.topic)
def test_a_foreign_order_and_a_missing_one_get_the_same_reply(ask: Ask, task: Action) -> None:
    if task.name() == "action_list_policies":
        return
    foreign = ask(task, order_number=NUMBERS["amy_in_force"])
    missing = ask(task, order_number="1234567890123456789")
    short = ask(task, order_number="12")
    assert foreign == missing == short
    assert foreign.outcome == "unknown"


def test_a_foreign_order_of_the_page_gets_it_too(ask: Ask) -> None:
    page = Principal(Role.BUYER, "demo", order=NUMBERS["amy_in_force"], source=Source.TOKEN)
    assert ask(CheckPolicy(), page).text == ask(CheckPolicy(), order_number="1" * 19).text


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.topic)
@pytest.mark.parametrize("visitor", ["someone", "visitor", VISITOR], ids=str)
def test_visitors_are_told_to_sign_in(ask: Ask, task: Action, visitor: str | Principal) -> None:
    said = ask(task, visitor, order_number=NUMBERS["in_force"])
    assert said.outcome == "sign_in"
    assert "登录" in said.text
    assert said.meta["card"] is None


@pytest.mark.parametrize("task", [task for task in TASKS if task not in BUYERS_TASKS], ids=lambda task: task.topic)
def test_the_other_role_is_declined(ask: Ask, task: Action) -> None:
    said = ask(task, "buyer:demo")
    assert said.outcome == "sign_in"
    assert said.meta["card"] is None


def test_a_message_cannot_name_its_own_principal(ask: Ask, database: Path) -> None:
    principal = Principal(Role.BUYER, "amy", source=Source.TOKEN).as_dict()
    events = [{"event": "user", "input_channel": "rest"}]
    tracker = Tracker("buyer:amy", {}, {"metadata": {"principal": principal}}, events, False, None, {}, None)
    dispatcher = CollectingDispatcher()
    asyncio.run(CheckPolicy().run(dispatcher, tracker, {}))
    assert dispatcher.messages[0]["xiaoer"]["outcome"] == "sign_in"


@pytest.mark.parametrize("task", BUYERS_TASKS, ids=lambda task: task.topic)
def test_an_account_without_orders(ask: Ask, task: Action) -> None:
    for account in ("buyer:new", "buyer:nobody"):
        said = ask(task, account)
        assert said.outcome == "task"
        assert "没有" in said.text


def test_list_policies_names_states_and_remembers_the_list(ask: Ask) -> None:
    said = ask(ListPolicies())
    assert said.outcome == "task"
    assert "1. 11月22日 秋冬加绒卫衣 159元 尾号9345：退货运费险**已出单，未生效**" in said.text
    assert len(said.slots["offered_orders"]) == len(said.buttons) == OFFERED
    assert NUMBERS["no_policy"] not in said.slots["offered_orders"]


def test_shop_services(ask: Ask) -> None:
    said = ask(CheckShopServices(), "seller:demo")
    assert said.outcome == "task"
    assert "小鹿家鞋服旗舰店" in said.text
    assert "退货运费险：已开通，4月27日起，目前每单 0.68元" in said.text
    assert "退货宝：已退出" in said.text
    assert "暖木家居" not in said.text
    assert [service["state"] for service in said.meta["card"]["shops"][0]["services"]] == ["on"] * 3 + ["ended"]


def test_a_risky_shop_is_told_the_rule(ask: Ask) -> None:
    said = ask(CheckShopServices(), "seller:risky")
    assert "34.2%" in said.text
    assert "达到 30% 时停保" in said.text
    assert said.meta["sources"]


@pytest.mark.parametrize(("product", "part"), [("freight", "**已开通**"), ("damage", "**现在没有开通**")])
def test_a_service_named_is_answered_first(ask: Ask, product: str, part: str) -> None:
    assert part in ask(CheckShopServices(), "seller:demo", product=product).text.splitlines()[0]


def test_a_seller_without_a_shop(ask: Ask) -> None:
    assert ask(CheckShopServices(), "seller:nobody").outcome == "unknown"


# ---------------------------------------------------------------- what every reply keeps to
@pytest.mark.parametrize("key", [key for key in NUMBERS if not key.startswith(("amy", "bob"))])
def test_replies_keep_the_contract(ask: Ask, key: str) -> None:
    for task in BUYERS_TASKS:
        said = ask(task, order_number=NUMBERS[key])
        assert said.meta["outcome"] in OUTCOMES
        assert said.meta["topic"] == task.topic
        assert said.meta["article"] is None
        json.dumps(said.meta)
        assert "None" not in said.text
        assert "。。" not in said.text
        assert "\n\n\n" not in said.text
        for each in said.buttons:
            assert set(each) == {"title", "payload"}
            assert each["payload"].startswith("/")


# ---------------------------------------------------------------- failure
def _is_failure(said: Any, log: str) -> None:
    assert said.outcome == "error"
    assert "没有改动任何东西" in said.text
    assert [each["title"] for each in said.buttons] == ["再试一次", "转人工"]
    number = said.text.split("错误编号 **")[1].split("**")[0]
    assert number in log


def test_database_missing(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/policy.db")
    _is_failure(ask(CheckPolicy(), order_number=NUMBERS["paid"]), caplog.text)


def test_database_not_migrated(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POLICY_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    said = ask(CheckPolicy())
    _is_failure(said, caplog.text)
    assert "xiaoer db upgrade" in caplog.text


def test_database_locked(
    ask: Ask, database: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.3")
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    said = ask(CheckPolicy(), order_number=NUMBERS["paid"])
    assert time.monotonic() - started < 2
    _is_failure(said, caplog.text)
    assert NUMBERS["paid"] in said.buttons[0]["payload"], "try again asks the same"
    assert NUMBERS["paid"] not in caplog.text, "order numbers stay out of the log"
    writer.close()
    assert ask(CheckPolicy(), order_number=NUMBERS["paid"]).outcome == "task"


def test_database_slow(ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "0.2")
    monkeypatch.setattr(own, "order", lambda *_: time.sleep(1))
    started = time.monotonic()
    coroutine_said = []

    async def run() -> None:
        events = [{"event": "user", "input_channel": "cmdline"}]
        message = {"entities": [{"entity": "order_number", "value": "1"}]}
        dispatcher = CollectingDispatcher()
        await CheckPolicy().run(dispatcher, Tracker("buyer:demo", {}, message, events, False, None, {}, None), {})
        coroutine_said.append((dispatcher.messages[0]["text"], time.monotonic() - started))

    asyncio.run(run())
    text, seconds = coroutine_said[0]
    assert seconds < 0.8
    assert "没有改动任何东西" in text
    assert "within 0.2 s" in caplog.text


def test_a_bug_is_answered_and_logged_with_its_traceback(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("bug")

    monkeypatch.setattr(own, "order", broken)
    _is_failure(ask(CheckPolicy(), order_number="1"), caplog.text)
    assert "Traceback" in caplog.text


def test_a_bad_setting_is_answered(ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("XIAOER_QUERY_TIMEOUT", "soon")
    _is_failure(ask(ListPolicies()), caplog.text)


def test_slow_askers_do_not_hold_up_each_other(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = CheckPolicy.answer

    def slow(self: CheckPolicy, session: Any, ask: base.Ask) -> base.Reply:
        time.sleep(0.3)
        return answer(self, session, ask)

    monkeypatch.setattr(CheckPolicy, "answer", slow)

    async def five() -> None:
        events = [{"event": "user", "input_channel": "cmdline"}]
        trackers = [Tracker("buyer:amy", {}, {}, events, False, None, {}, None) for _ in range(5)]
        await asyncio.gather(*(CheckPolicy().run(CollectingDispatcher(), tracker, {}) for tracker in trackers))

    started = time.monotonic()
    asyncio.run(five())
    assert time.monotonic() - started < 1.2, "one after the other would take 1.5 s"


def test_the_action_server_finds_every_task_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    executor = ActionExecutor()
    executor.register_package(actions)
    ours = {name for name in executor.actions if executor.actions[name].__module__.startswith("actions")}
    assert ours == {task.name() for task in TASKS} | OTHERS


def test_sellers_tasks_are_offered_to_sellers_only() -> None:
    """Whose a task is, as its row in topics.yml says and as its action does."""
    forms = [EnableForm(), DisableForm(), AppealForm(), TakeBackForm(), MyRequests()]
    actions_of = [*TASKS, *forms]
    roles = {
        action.topic: tuple(role.value for role in action.roles if role not in action.also) for action in actions_of
    }
    assert {task.id: task.audiences for task in live().current.tasks.values()} == roles


def test_whom_else_a_task_answers_has_points_for_it() -> None:
    """A seller asks for his customers' orders: never by a button of a buyer's, always by a point of topics.yml."""
    also = {(action.topic, role.value) for action in TASKS for role in action.also}
    assert also == {(action.topic, "seller") for action in BUYERS_TASKS}
    for topic, role in also:
        assert live().current.points_of(topic, role), topic
