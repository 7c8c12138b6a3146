"""The speed bench: what it counts, what it says to both servers, its orders, its driver, the block of docs/performance.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml
from sqlalchemy import func, select

from actions.policydb import session, tables
from actions.policydb.queries import own
from bench.quality.counting import Question
from bench.quality.running import Phrase
from bench.speed import __main__ as command
from bench.speed import against, conversations, counting, orders, pairs, report
from bench.speed.conversations import Cast, Conversation, Texts
from bench.speed.orders import Filled
from bench.speed.servers import checkout, processes, stock, systems
from bench.speed.servers.checkout import Checkout
from knowledge import Knowledge, load
from xiaoer import settings
from xiaoer.principal import Principal, Role, Source

T = TypeVar("T")

# ------------------------------------------------------------------ counting


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([5.0], 50, 5.0),
        ([5.0], 99, 5.0),
        ([1, 2, 3, 4], 50, 2),
        ([1, 2, 3, 4, 5], 50, 3),
        ([3, 1, 2], 99, 3),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 101)), 99, 99),
        (list(range(1, 201)), 99, 198),
        ([7, 8], 0, 7),
    ],
)
def test_percentile(values: list[float], percent: float, expected: float) -> None:
    assert counting.percentile(values, percent) == expected


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        counting.percentile([], 50)
    assert counting.summary([]) == {"n": 0}


TURNS = [
    ["knowledge", 0.0, 10.0, 1, "好"],
    ["", 0.5, 500.0, 1, "开通"],
    ["task", 1.0, 30.0, 1, "这单（"],
    ["knowledge", 1.9, 200.0, 0, ""],
]


def test_times_leave_out_what_does_not_count() -> None:
    assert counting.times(TURNS) == [10.0, 30.0, 200.0]
    assert counting.times(TURNS, "knowledge") == [10.0, 200.0]


def test_rate_counts_what_was_over_in_time() -> None:
    assert counting.rate(TURNS, 2.0) == 1.5  # three of four: the last ends at 2.1 s


def test_spread_and_rounds() -> None:
    rounds = [
        {"a": 3.0, "b": {"c": 1}, "n": 200},
        {"a": 1.0, "b": {"c": 2}, "n": 200, "long": {"4": 9.0}},
        {"a": 2.0, "b": {"c": 6}, "n": 200},
    ]
    found = counting.over_rounds(rounds)
    assert found["a"] == {"median": 2.0, "low": 1.0, "high": 3.0, "each": [3.0, 1.0, 2.0]}
    assert found["b"]["c"]["median"] == 2
    assert found["n"] == 200
    assert found["long"]["4"]["each"] == [9.0]


def test_around_takes_the_median_of_the_turns_around_a_place() -> None:
    said = [["k", at, ms, 1, ""] for at, ms in enumerate([1, 2, 3, 90, 5, 6, 7])]
    assert counting.around(said, 4) == 5  # of 2, 3, 90, 5, 6
    assert counting.around(said, 1) == 2
    assert counting.around(said, 8) is None


def test_waits_are_beyond_twice_one_turn() -> None:
    # Emitted at 0 and 1 ms: answered after 20 and 40 ms without a pause; then after 20 and 1021 ms.
    said = [["k", 0.001, 39.0, 1, ""], ["k", 0.0, 20.0, 1, ""], ["k", 5.0, 20.0, 1, ""], ["k", 5.001, 1020.0, 1, ""]]
    assert counting.waits(said, 20.0) == pytest.approx([0.0, 981.0])


FIGURES: dict[str, Any] = {
    "latency": {
        "ours": {
            "knowledge": {"p50": counting.spread([4, 6, 5]), "p99": counting.spread([10])},
            "task": {"p50": {"median": 9}},
        },
        "stock": {"knowledge": {"p50": {"median": 50}, "p99": {"median": 40}}, "task": {"p50": {"median": 36}}},
    },
    "throughput": {"ours": {"turns_a_second": {"median": 300}}, "stock": {"turns_a_second": {"median": 30}}},
    "long": {"ours": {"4": {"median": 5}, "400": {"median": 8}}, "stock": {"400": {"median": 170}}},
    "second": {"ours": {"wait_ms": {"median": -1.5}}, "stock": {"wait_ms": {"median": 990}}},
    "orders": {"sqlite": {"1000": 10.0, "1000000": 11.0}, "postgresql": {"1000": 10.0, "1000000": 13.0}},
    "ready": {"ours": {"seconds": {"median": 6}}, "bare_import": {"median": 5}},
    "first": {"ours": {"first_ms": {"median": 30}, "later_ms": {"median": 10}}},
    "memory": {
        "ours": {"after_start": {"all": {"pss": {"median": 600}}}, "after_turns": {"all": {"pss": 660}}},
        "stock": {"after_start": {"all": {"pss": {"median": 2400}}}},
        "growth": {"since_warm_up": 0.015},
    },
    "training": {"ours": {"seconds": 60.0}, "stock": {"seconds": 480.0, "epochs": {"diet": 2}}},
    "floor": {"p50": 0.5, "turns_a_second": 1500.0},
}
RATIOS = {
    "knowledge_p50": 0.1,
    "knowledge_p99": 0.25,
    "task_p50": 0.25,
    "throughput": 10.0,
    "long_conversation": 1.6,
    "second_message_ms": -1.5,
    "orders": 1.3,
    "ready": 1.2,
    "first_message": 3.0,
    "memory": 0.25,
    "memory_growth": 0.015,
    "training": 0.125,
}


def test_every_ratio_is_of_the_figures_it_names() -> None:
    assert counting.ratios(FIGURES) == RATIOS
    assert list(counting.TARGETS) == list(RATIOS)


def test_a_ratio_without_its_figures_is_left_out() -> None:
    assert "postgresql" in FIGURES["orders"]
    without = {**FIGURES, "orders": {"sqlite": FIGURES["orders"]["sqlite"], "postgresql": {"skipped": "no server"}}}
    assert counting.ratios(without)["orders"] == 1.1
    assert counting.ratios({"latency": {"ours": FIGURES["latency"]["ours"]}}) == {}


@pytest.mark.parametrize(
    ("name", "value", "met"),
    [
        ("knowledge_p50", 0.2, True),
        ("knowledge_p50", 0.21, False),
        ("throughput", 8, True),
        ("throughput", 7.9, False),
        ("second_message_ms", -5, True),
        ("memory_growth", 0.021, False),
    ],
)
def test_targets(name: str, value: float, met: bool) -> None:
    assert counting.TARGETS[name].met(value) is met


# ------------------------------------------------------------------ report

RESULT = {
    "machine": {"processor": "a processor", "cores": 2},
    "when": "2026-11-24",
    "ratios": RATIOS,
    "figures": FIGURES,
}


def test_rows_say_target_both_figures_ratio_and_whether_it_is_met() -> None:
    table = {row[0].split(" (")[0]: row[1:] for row in report.rows(RESULT)[1:]}
    assert len(table) == len(RATIOS)
    assert table["knowledge question, one user, p50"] == ["≤ 0.200", "5.00 ms", "50.0 ms", "0.100", "yes"]
    assert table["knowledge question, one user, p99"] == ["≤ 0.200", "10.0 ms", "40.0 ms", "0.250", "**no**"]
    assert table["second message sent 1 ms after the first: its wait"][1:3] == ["-1.50 ms", "990 ms"]
    assert table["memory after 10 000 turns"] == ["≤ 2.0%", "660 MB", "—", "1.5%", "yes"]
    assert table["turn 400 of one conversation"] == ["≤ 1.20", "8.00 ms", "170 ms", "1.60", "**no**"]


def test_what_was_not_measured_is_a_dash_and_not_met_by_accident() -> None:
    rows = report.rows({**RESULT, "ratios": {}, "figures": {}})
    assert {tuple(row[2:]) for row in rows[1:]} == {("—", "—", "—", "—")}


def test_the_block_of_the_document() -> None:
    text = f"# Title\n\n{report.BEGIN}\nold\n{report.END}\nrest\n"
    written = report.with_block(text, report.markdown(RESULT))
    assert written.startswith(f"# Title\n\n{report.BEGIN}\n| ")
    assert written.endswith(f"\n{report.END}\nrest\n")
    assert "old" not in written
    assert "diet 2" in written
    assert "10.0 times the floor" in written
    with pytest.raises(ValueError, match="speed:begin"):
        report.with_block("nothing", "block")
    with pytest.raises(ValueError, match="speed:end"):
        report.with_block(f"{report.END} {report.BEGIN}", "block")


def test_page_has_a_picture_for_each_measurement() -> None:
    mixed = {"ours": {"1": {"turns_a_second": {"median": 80}}}}
    page = report.page({**RESULT, "figures": {**FIGURES, "mix": mixed}})
    assert page.count("<svg") == page.count("</svg>") == len(report.PICTURES) == 7
    assert report.page({**RESULT, "figures": {}, "ratios": {}}).count("<svg") == 0


def test_merged_keeps_what_is_not_measured_anew() -> None:
    before = {"memory": {"ours": {"a": 1}, "stock": 2}, "ready": 3}
    assert report.merged(before, {"memory": {"ours": {"b": 4}}}) == {
        "memory": {"ours": {"a": 1, "b": 4}, "stock": 2},
        "ready": 3,
    }
    assert before == {"memory": {"ours": {"a": 1}, "stock": 2}, "ready": 3}


def test_committed_result_has_the_ratios_of_its_figures() -> None:
    if not report.RESULT.exists():
        pytest.skip("nothing was measured yet")
    result = json.loads(report.RESULT.read_text(encoding="utf-8"))
    assert result["ratios"] == counting.ratios(result["figures"])
    assert set(result["ratios"]) == set(counting.TARGETS)


def test_an_unknown_phase_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bench.speed", "--only", "turns,turrns"])
    assert command.main() == 2
    assert "turrns" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["bench.speed", "--against", "HEAD", "--only", "knowledge,turns"])
    assert command.main() == 2
    assert capsys.readouterr().err.endswith("got turns\n")


# ------------------------------------------------------------------ conversations

KNOWLEDGE = load(settings.get("XIAOER_KNOWLEDGE"))


def _question(
    text: str, topic: str = "claim_steps", before: tuple[str, ...] = (), product: str | None = None, who: str = "buyer"
) -> Question:
    return Question(text, who, topic, product, before=before)


ASKED = [
    _question("怎么理赔"),
    _question("多久到账"),
    _question("天气", "out_of_scope"),
    _question("它呢", before=("退货宝",)),
    _question("赔几块", "payout_amount"),
    _question("真有四倍吗", "payout_amount", product="authenticity"),
    _question("赔我店多少", "payout_amount", who="seller"),
    _question("要几天啊", "payout_time", ("我这单有运费险吗",), "freight"),
    _question("全款退吗", "payout_amount", ("坏单包赔怎么申请",), "fresh_rot"),
]
KNOWN = [
    Phrase("运费险怎么用", "claim_steps", "a"),
    Phrase("怎么理赔", "claim_steps", "a"),
    Phrase("我这单有运费险吗", "check_policy", "a"),
    Phrase("订单4012345678901234567有运费险吗", "check_policy", "a"),
    Phrase("我的退货宝还在吗", "check_policy", "a"),
    Phrase("那能赔多少", "payout_amount", "a"),
    Phrase("那个 能赔几块", "payout_amount", "a"),
    Phrase("那退货宝赔多少", "payout_amount", "a"),
]


def test_sources_are_in_scope_and_need_nothing_said_before() -> None:
    found = conversations.sources(KNOWLEDGE, ASKED, KNOWN, 1)
    assert set(found["knowledge"][:5]) == {"多久到账", "怎么理赔", "赔几块", "真有四倍吗", "赔我店多少"}
    assert set(found["knowledge"][5:]) == {"运费险怎么用", "那能赔多少", "那个 能赔几块", "那退货宝赔多少"}
    assert found["task"] == ["我这单有运费险吗"]
    assert "退货宝呢" in found["ask_back"]


def test_what_rows_could_answer_is_a_buyers_and_about_the_product_of_the_orders() -> None:
    found = conversations.sources(KNOWLEDGE, ASKED, KNOWN, 1)
    assert found["rows"][0] == "赔几块"
    assert set(found["rows"][1:]) == {"那能赔多少", "那个 能赔几块"}
    assert set(found["general"]) == {"怎么理赔", "多久到账", "运费险怎么用"}
    assert found["follow_up"] == ["要几天啊", "那能赔多少"]
    assert set(KNOWLEDGE.knowledge_topics) > conversations.ROWS_TOPICS


def test_no_text_comes_twice_however_many_are_taken() -> None:
    texts = Texts(conversations.sources(KNOWLEDGE, ASKED, KNOWN, 1))
    taken = [texts.take(kind) for kind in ("knowledge", "task") for _ in range(500)]
    assert len(set(taken)) == 1000
    with pytest.raises(ValueError, match="no text"):
        Texts({"knowledge": []}).take("knowledge")


def _cast(seed: int = 1, count: int = 1000) -> Cast:
    return Cast(Texts(conversations.sources(KNOWLEDGE, ASKED, KNOWN, seed)), Filled(count, regulars=3))


def test_conversations_are_the_same_for_the_same_seed() -> None:
    one, same, other = _cast(), _cast(), _cast(2)
    assert [one.mix(user, 40) for user in range(3)] == [same.mix(user, 40) for user in range(3)]
    assert _cast().mix(0, 40) != other.mix(0, 40)


def test_the_mix_has_its_shares() -> None:
    said = [kind for user in range(6) for talk in _cast().mix(user, 280) for kind, _ in talk.turns]
    share = {kind: said.count(kind) / len(said) for kind in set(said)}
    assert share == pytest.approx({"knowledge": 0.7, "task": 0.15, "ask_back": 0.1, "form": 0.05}, abs=0.02)


def test_buyers_are_others_each_time_and_ask_about_their_own_order() -> None:
    cast = _cast(count=1000)
    talks = [cast.buyer("task", 1) for _ in range(200)]
    assert len({talk.account for talk in talks}) == 200
    for talk in talks:
        assert talk.order in orders.orders_of(int(talk.account.removeprefix("bench-")) - 1, 1000)


def test_a_follow_up_comes_after_a_card() -> None:
    [talk, _] = _cast().of("follow_up", 2)
    assert [kind for kind, _ in talk.turns] == ["", "follow_up"]
    assert "我这单有运费险吗" in talk.turns[0][1]
    assert talk.order in orders.orders_of(0, 1000)


def test_regulars_ask_with_no_page_open() -> None:
    talks = [talk for size in (5, 30, 300) for talk in _cast().of(f"rows_{size}", 10)]
    assert [(len(talk.turns), talk.order) for talk in talks] == [(5, "")] * 6
    accounts = [talk.account for talk in talks]
    assert accounts[2:] == ["bench-30-000001", "bench-30-000002", "bench-300-000001", "bench-300-000002"]
    with pytest.raises(ValueError, match="300 orders"):
        Cast(Texts({"task": ["我这单有运费险吗"]}), Filled(100)).of("task_300", 1)


def test_a_form_is_opened_before_it_is_answered_and_again_after_it_was_called_off() -> None:
    kinds = [kind for kind, _ in _cast().seller(5).turns]
    assert kinds == ["", "form", "form", "", "form", "form", "", "form"]


def test_of_makes_as_many_turns_as_asked_for() -> None:
    for kind in conversations.KINDS:
        talks = _cast().of(kind, 25)
        assert sum(each == kind for talk in talks for each, _ in talk.turns) == 25
    assert {len(talk.turns) for talk in _cast().of("ask_back", 5)} == {1}
    assert len({talk.account for kind in ("task", "rows") for talk in _cast().of(kind, 25)}) == 3


def test_who_asks_goes_into_the_token_of_ours_and_the_metadata_of_stock(tmp_path: Path) -> None:
    import jwt

    bench = systems.Bench(tmp_path, "sqlite://")
    talk = Conversation("buyer", (("task", "我这单有运费险吗"),), "bench-000002", "3000000000000000005")
    visitor = Conversation("visitor", (("knowledge", "怎么理赔"),))
    [[ours, nobody]] = bench.plan("ours", [[talk, visitor]])
    claims = jwt.decode(ours["auth"]["token"], bench.key, algorithms=["HS256"], audience="xiaoer")
    assert (claims["sub"], claims["role"], claims["order"]) == ("bench-000002", "buyer", "3000000000000000005")
    assert ours["metadata"] is None
    assert nobody["auth"] == {}
    [[stocks, nobody]] = bench.plan("stock", [[talk, visitor]])
    assert stocks["metadata"]["principal"] == {"role": "buyer", "account": "bench-000002", "order": talk.order}
    assert nobody["metadata"] == {}
    assert stocks["turns"] == ours["turns"] == [["task", "我这单有运费险吗"]]


# ------------------------------------------------------------------ orders


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """A database of 103 orders and 660 of regulars, which POLICY_DATABASE_URL names."""
    url = f"sqlite:///{tmp_path}/orders.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    monkeypatch.setenv(session.URL_SETTING, url)
    made = orders.fill(url, 103, 2)
    yield made
    session.dispose()


def _buyer(at: int) -> Principal:
    return Principal(Role.BUYER, orders.buyer(at), source=Source.TOKEN)


def test_orders_are_all_there_with_line_and_policy(filled: Filled) -> None:
    assert (filled.buyers, filled.shops) == (21, 3)
    with session.reading() as reading:
        counts = {
            table: reading.execute(select(func.count()).select_from(table.__table__)).scalar_one()
            for table in (tables.ShopOrder, tables.OrderLine, tables.Policy, tables.Account, tables.Shop)
        }
    assert list(counts.values()) == [763, 763, 763, 28, 3]


def test_a_bench_buyer_sees_exactly_their_own(filled: Filled) -> None:
    with session.reading() as reading:
        for at in range(filled.buyers):
            seen = own.recent_orders(reading, _buyer(at), limit=50)
            assert sorted(order.number for order in seen) == orders.orders_of(at, 103)
            assert {policy.product for order in seen for policy in order.policies} == {"freight"}
        assert len(orders.orders_of(20, 103)) == 3
        assert own.order(reading, _buyer(1), orders.order_number(0)) is None


def test_a_regular_has_as_many_orders_as_they_say(filled: Filled) -> None:
    with session.reading() as reading:
        for name, count in filled.accounts[filled.buyers :]:
            regular = Principal(Role.BUYER, name, source=Source.TOKEN)
            seen = own.recent_orders(reading, regular, limit=400)
            assert len({order.number for order in seen}) == count
        assert [count for _, count in filled.accounts[filled.buyers :]] == [30, 30, 300, 300]


def test_an_earlier_schema_gets_the_columns_that_it_has() -> None:
    there = dict(orders.TABLES) | {
        "account": ("created_at", "id", "role", "external_id", "is_demo"),
        "order_line": ("id", "title"),
    }
    rows = [("account", [(1, "buyer", "a", 0, "now")]), ("order_line", [(7, 7, 0, "帆布鞋", 1, 4900)])]
    assert [
        (table, tuple(names), [tuple(each) for each in values]) for table, names, values in orders.fitting(rows, there)
    ] == [
        ("account", orders.TABLES["account"], [(1, "buyer", "a", 0, "now")]),
        ("order_line", ("id", "title"), [(7, "帆布鞋")]),
    ]


def test_a_bench_seller_has_one_shop_that_meets_the_conditions(filled: Filled) -> None:
    with session.reading() as reading:
        [shop] = own.shops(reading, Principal(Role.SELLER, orders.buyer(2), source=Source.TOKEN))
    assert (shop.code, shop.enrollments, shop.seven_day_return) == ("bench-shop-3", (), True)
    assert shop.orders_90d > 0


def test_rows_can_be_added_after_the_fill(filled: Filled) -> None:
    with session.writing() as writing:
        row = writing.execute(select(tables.Account)).scalars().first()
        added = tables.Account(role="buyer", external_id="later", created_at=row.created_at)
        writing.add(added)
        writing.flush()
        assert added.id > filled.buyers + filled.shops


def test_no_orders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        orders.fill(f"sqlite:///{tmp_path}/x.db", 0)


# ------------------------------------------------------------------ stock


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    known = [Phrase("怎么理赔", "claim_steps", "a"), Phrase("帮我开通", "request_enable", "a")]
    files = stock.project(KNOWLEDGE, known, stock.EPOCHS)
    return {name: yaml.safe_load(text) for name, text in files.items()}


def test_stock_answers_knowledge_topics_by_retrieval(project: dict[str, Any]) -> None:
    responses = project["domain.yml"]["responses"]
    body = KNOWLEDGE.versions("freight", "claim_steps")[0].body
    assert responses["utter_faq/claim_steps"] == [{"text": body}]
    assert {f"utter_faq/{topic}" for topic in KNOWLEDGE.knowledge_topics} <= set(responses)
    assert [block["intent"] for block in project["data/nlu.yml"]["nlu"]] == ["faq/claim_steps", "request_enable"]


def test_stock_has_a_rule_for_every_intent_and_the_end_of_every_form(project: dict[str, Any]) -> None:
    rules = {rule["rule"]: rule for rule in project["data/rules.yml"]["rules"]}
    assert rules["topic faq"]["steps"][1] == {"action": "utter_faq"}
    assert rules["topic check_policy"]["steps"][1] == {"action": "action_check_policy"}
    assert rules["topic nlu_fallback"]["steps"][1] == {"action": "utter_unknown"}
    assert rules["topic request_enable"]["steps"][1:] == [
        {"action": "request_enable_form"},
        {"active_loop": "request_enable_form"},
    ]
    assert rules["request_enable_form is complete"]["steps"][-1] == {"action": "action_request_enable"}
    assert len(rules) == len(project["domain.yml"]["intents"]) + 1 + len(project["domain.yml"]["forms"])


def test_every_action_a_rule_names_is_there(project: dict[str, Any]) -> None:
    domain = project["domain.yml"]
    there = {*domain["actions"], *domain["forms"], *domain["responses"], "utter_faq"}
    told = [*project["data/rules.yml"]["rules"], *project["data/stories.yml"]["stories"]]
    assert {step["action"] for each in told for step in each["steps"] if "action" in step} <= there


def test_a_topic_nobody_wrote_about_has_a_sentence() -> None:
    empty = Knowledge(**{**vars(KNOWLEDGE), "articles": {}})
    assert stock.answer(empty, "claim_steps") == stock.NOTHING_KNOWN
    assert stock.answer(KNOWLEDGE, "claim_steps") != stock.NOTHING_KNOWN


def test_a_stock_model_is_known_by_all_it_is_made_of() -> None:
    files = {"config.yml": "a", "domain.yml": "b"}
    assert stock.name_of(files) == stock.name_of(dict(reversed(files.items())))
    assert stock.name_of(files) != stock.name_of({**files, "domain.yml": "c"})
    assert stock.name_of({"a": "bc"}) != stock.name_of({"ab": "c"})


def test_an_epochs_seconds_come_from_the_last_complete_bar_of_a_component() -> None:
    log = (
        "INFO hooks - Starting to train component 'DIETClassifier'.\n"
        "Epochs:   0%|          | 0/2 [00:00<?, ?it/s]\rEpochs:  50%|##   | 1/2 [01:06<01:06, 66.92s/it]\r"
        "Epochs: 100%|█████| 2/2 [02:10<00:00, 65.0s/it, t_loss=4.48, i_acc=0.75]\n"
        "INFO hooks - Starting to train component 'TEDPolicy'.\n"
        "Epochs: 100%|█████| 5/5 [00:40<00:00, 8.0s/it]\n"
    )
    assert stock.epoch_seconds(log) == {"DIETClassifier": 65.0, "TEDPolicy": 8.0}
    assert stock.epoch_seconds("nothing") == {}


def test_the_stock_channel_differs_in_its_name_alone() -> None:
    from bench.speed.servers.channel import StockInput

    assert StockInput.name() == "widget"
    own = {name for name in vars(StockInput) if not name.startswith("__")}
    assert own <= {"name", "_abc_impl"}
    assert "bench.speed.servers.channel.StockInput" in yaml.safe_load(stock.serving(15000)["credentials.yml"])


# ------------------------------------------------------------------ processes and driver


def within(seconds: float, read: Callable[[], T], right: Callable[[T], bool]) -> T:
    """What `read` gives as soon as it is right; fails where it is not by then."""
    deadline = time.monotonic() + seconds
    while not right(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.05)
    return value


def test_a_command_is_run_to_its_end_and_measured(tmp_path: Path) -> None:
    log = tmp_path / "log"
    hungry = "import sys, time; x = bytearray(100_000_000); time.sleep(0.3); print('done'); sys.exit(3)"
    code, seconds, peak = processes.spent([sys.executable, "-c", hungry], cwd=tmp_path, env=os.environ, log=log)
    assert code == 3
    assert 0.3 <= seconds < 20
    assert 95 < peak < 20_000  # a child starts with what its parent has, which may be much
    assert log.read_text() == "done\n"


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    sleeping = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]
    with pytest.raises(TimeoutError, match="was stopped"):
        processes.spent(sleeping, cwd=tmp_path, env=os.environ, log=tmp_path / "log", seconds=0.5)


def test_what_was_started_is_ended_with_all_that_came_from_it(tmp_path: Path) -> None:
    child = "import subprocess, sys, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    with processes.started([sys.executable, "-c", child], cwd=tmp_path, env=os.environ, log=tmp_path / "log") as one:
        # A child exists before it is what it was made for.
        everybody = within(30, lambda: processes.family(one.pid), lambda family: len(family) == 2)
        within(30, lambda: processes.command_of(everybody[1]), lambda command: "sleep 60" in command)
        assert processes.memory_mb(one.pid)["rss"] >= processes.memory_mb(one.pid)["pss"] > 1
    assert one.returncode is not None
    within(30, lambda: processes.command_of(everybody[1]), lambda command: "sleep 60" not in command)


def test_waiting_ends_when_the_process_does(tmp_path: Path) -> None:
    log = tmp_path / "log"
    failing = [sys.executable, "-c", "print('no such model'); raise SystemExit(4)"]
    with (
        processes.started(failing, cwd=tmp_path, env=os.environ, log=log) as one,
        pytest.raises(processes.NotStarted, match=r"exit code 4(.|\n)*no such model"),
    ):
        processes.wait(lambda: False, (one, log))


def test_a_process_that_is_gone_has_used_nothing() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert processes.cpu_seconds(gone.pid) == 0.0
    assert processes.memory_mb(gone.pid) == {"pss": 0.0, "rss": 0.0}
    assert processes.cpu_seconds(os.getpid()) > 0


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[systems.Bench, processes.Running]]:
    """The server that answers every message with the same words, behind the real wire."""
    bench = systems.Bench(tmp_path_factory.mktemp("speed"), "sqlite://")
    with systems.floor(bench) as running:
        yield bench, running


def _talk(*texts: str) -> dict[str, Any]:
    return {"auth": {}, "metadata": None, "turns": [["knowledge", text] for text in texts]}


def test_driver_says_every_turn_and_times_it(floor: tuple[systems.Bench, processes.Running]) -> None:
    bench, running = floor
    plan = [[_talk("一", "二"), _talk("三")], [_talk("四")]]
    result = systems.drive(bench, running, plan, seconds=20)
    assert result["problems"] == []
    assert [(kind, replies, text) for kind, _, _, replies, text in result["turns"]] == [("knowledge", 1, "好")] * 4
    assert all(0 < turn[2] < 5000 for turn in result["turns"])
    assert set(result["cpus"]) == {"server"}
    assert result["seconds"] < 20


def test_driver_sends_pairs_a_millisecond_apart(floor: tuple[systems.Bench, processes.Running]) -> None:
    bench, running = floor
    said = systems.drive(bench, running, [[_talk("一", "二", "三", "四")]], seconds=20, pairs=True)["turns"]
    begun = sorted(turn[1] for turn in said)
    assert len(begun) == 4
    assert 0.001 <= begun[1] - begun[0] < 0.1
    assert 0.001 <= begun[3] - begun[2] < 0.1


def test_driver_says_openings_first_and_users_one_after_the_other(
    floor: tuple[systems.Bench, processes.Running],
) -> None:
    bench, running = floor
    plan = [[_talk(text, text)] for text in "一二三"]
    for [talk] in plan:
        talk["turns"].insert(0, ["", "开"])
    result = systems.drive(bench, running, plan, seconds=20, in_turn=True)
    assert [turn[0] for turn in result["turns"]] == ["knowledge"] * 6
    ends = [begun + ms / 1000 for _, begun, ms, _, _ in result["turns"]]
    assert all(turn[1] >= end for turn, end in zip(result["turns"][1:], ends, strict=False))


def test_driver_begins_nothing_when_the_time_is_over(floor: tuple[systems.Bench, processes.Running]) -> None:
    bench, running = floor
    result = systems.drive(bench, running, [[_talk(*map(str, range(20_000)))]], seconds=0.3)
    assert 0 < len(result["turns"]) < 20_000
    assert result["turns"][-1][1] <= 0.3


def test_driver_tells_what_went_wrong(floor: tuple[systems.Bench, processes.Running]) -> None:
    bench, _ = floor
    nowhere = processes.Running(f"http://127.0.0.1:{processes.free_port()}", {}, 0.0)
    with pytest.raises(RuntimeError, match="ConnectionError"):
        systems.drive(bench, nowhere, [[_talk("一")]], seconds=1)
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1"):
        systems.drive(bench, processes.Running("http://192.0.2.1:80", {}, 0.0), [[_talk("一")]], seconds=1)


# ------------------------------------------------------------------ against another commit

THERE = (10.0, 10.0, 10.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("here", "middle", "verdict"),
    [
        ((12, 11.5, 11.2, 9, 30), [1.12, 1.15, 1.2], "slower"),
        ((12, 11.5, 11.1, 9, 30), [1.11, 1.15, 1.2], "noise"),  # 11 % and no more
        ((11, 11, 11, 11, 11), [1.1, 1.1, 1.1], "noise"),
        ((14, 14, 8, 8, 8), [0.8, 0.8, 1.4], "noise"),
        ((8, 8.5, 8.9, 2, 15), [0.8, 0.85, 0.89], "faster"),
        ((8, 8.5, 9.1, 2, 15), [0.8, 0.85, 0.91], "noise"),
        ((5, 15, 10, 10, 10), [1.0, 1.0, 1.0], "noise"),
    ],
)
def test_the_middle_three_pairs_agree_or_it_is_noise(
    here: tuple[float, ...], middle: list[float], verdict: str
) -> None:
    found = pairs.Compared(here, THERE)
    assert found.middle == pytest.approx(middle)
    assert found.ratio == pytest.approx(middle[1])
    assert found.verdict == verdict
    assert found.as_dict()["agree"] is (verdict != "noise")


def test_pairs_are_of_one_round_and_two_of_them_say_nothing() -> None:
    # Twice as slow a machine in the second round: the ratio stays.
    assert pairs.Compared((10, 20, 10), (8, 16, 8)).verdict == "slower"
    assert pairs.Compared((20, 20), (10, 10)).verdict == "too few rounds"


def _round(here: float, there: float) -> dict[str, Any]:
    sides = {"here": here, "there": there}
    figures: dict[str, Any] = {side: {"turns": 80, "silent": 0, "cpu": ms, "p50": 9.0} for side, ms in sides.items()}
    return {**figures, "same_replies": {"share": 0.95}}


def _result(kinds: dict[str, Any]) -> dict[str, Any]:
    about = {"here": {"commit": "1e46b27", "changed": True}, "there": {"commit": "763851e"}}
    return {**about, "rounds": 5, "kinds": kinds, "said": ["round 2, form, there: 3 of 80 turns; out of time"]}


def test_table_and_notes_say_what_is_slower_what_is_noise_and_what_went_wrong() -> None:
    kinds = {
        "task": pairs.compared([_round(13, 10)] * 5),
        "knowledge": pairs.compared([_round(10.5, 10)] * 5),
    }
    head, task, knowledge = pairs.rows(_result(kinds))
    assert head[:7] == ["", "turns", "CPU here", "CPU 763851e", "ratio", "middle three", "verdict"]
    assert task == [
        "task",
        "400",
        "13.0",
        "10.0",
        "1.30",
        "1.30–1.30",
        "slower",
        "9.00",
        "9.00",
        "1.00",
        "1.00–1.00",
        "noise",
        "95%",
    ]
    assert knowledge[4:7] == ["1.05", "1.05–1.05", "noise"]
    about, noise, wrong, slower, faster = pairs.notes(_result(kinds))
    assert "1e46b27 with changes) against 763851e: 5 rounds" in about
    assert "11%" in noise
    assert "3 of 80" in wrong
    assert slower == "slower beyond noise: task (CPU × 1.30)"
    assert faster == "faster beyond noise: none"


def test_rounds_drive_both_sides_with_the_same_and_change_who_is_first(
    floor: tuple[systems.Bench, processes.Running],
) -> None:
    """Both sides are the server that only answers."""
    bench, running = floor
    started: list[str] = []

    def side(name: str) -> against.Side:
        @contextmanager
        def start() -> Iterator[processes.Running]:
            started.append(name)
            yield running

        return against.Side(name, start)

    sizes = against.Sizes(rounds=2, turns={"follow_up": 3}, warm_up=0)
    found = against.rounds(bench, (side("here"), side("there")), sizes, _cast, lambda text: None)
    assert started == ["here", "there", "there", "here"]
    assert found["said"] == []
    follow_up = found["kinds"]["follow_up"]
    assert (follow_up["turns"], follow_up["same_replies"], follow_up["silent"]) == (6, 1.0, {"here": 0, "there": 0})
    assert follow_up["cpu"]["verdict"] == "too few rounds"
    assert all(0 < ms < 1000 for ms in (*follow_up["p50"]["here"], *follow_up["p50"]["there"]))


def test_one_place_for_both_sides_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_CONVERSATIONS", "sqlite:///conversations.db")
    with pytest.raises(against.SharedPlace, match="XIAOER_CONVERSATIONS"):
        against.run("HEAD", systems.Bench(tmp_path, "sqlite://"), against.QUICK, {}, lambda text: None)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone whose first commit has its command elsewhere than its last."""
    root = tmp_path / "repository"
    (root / "bot").mkdir(parents=True)
    _git(root, "init", "--quiet")
    for module, lock in (("bot.cli", "a==1"), ("bot.command.cli", "a==2")):
        (root / "pyproject.toml").write_text(
            f'[project]\nname = "xiaoer"\n[project.scripts]\nxiaoer = "{module}:main"\n'
        )
        (root / "bot" / "code.py").write_text(f"# {module}\n")
        (root / "requirements.lock").write_text(lock)
        _git(root, "add", ".")
        _git(root, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", module)
    return root


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def test_a_commit_is_started_by_its_own_command(repository: Path, tmp_path: Path) -> None:
    with checkout.checked_out("HEAD~1", tmp_path / "tree", repository) as other:
        assert other.command("chat")[1:] == ["-m", "bot.cli", "chat"]
        assert other.environment(PORT="1")["PYTHONPATH"] == str(tmp_path / "tree")
        assert Checkout(repository).command("chat")[1:] == ["-m", "bot.command.cli", "chat"]
        assert not checkout.same_lock(other, Checkout(repository))
        (tmp_path / "tree" / "made").write_text("while running")
    assert checkout.HERE.command("chat")[2] == "bot.command.cli"
    assert not (tmp_path / "tree").exists()
    assert len(_git(repository, "worktree", "list").splitlines()) == 1


def test_an_interrupted_run_leaves_no_worktree(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), checkout.checked_out("HEAD~1", tmp_path / "tree", repository):
        raise KeyboardInterrupt
    assert not (tmp_path / "tree").exists()
    assert len(_git(repository, "worktree", "list").splitlines()) == 1


def test_a_commit_that_is_not_there_is_named(repository: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(checkout.NoSuchCommit, match="'nowhere'"),
        checkout.checked_out("nowhere", tmp_path / "tree", repository),
    ):
        pass
    assert not checkout.changed(repository)
    (repository / "requirements.lock").write_text("b==1")
    assert checkout.changed(repository)


def test_a_command_that_fails_is_told_with_its_log(repository: Path, tmp_path: Path) -> None:
    (repository / "pyproject.toml").write_text('xiaoer = "bot.nowhere:main"')
    with pytest.raises(processes.NotStarted, match=r"`xiaoer db upgrade`(.|\n)*No module named"):
        Checkout(repository).run(tmp_path / "log", "db", "upgrade")
    (repository / "pyproject.toml").write_text("")
    with pytest.raises(processes.NotStarted, match="names no command"):
        Checkout(repository).command("chat")


def test_a_model_is_trained_once_for_the_same_sources(repository: Path, tmp_path: Path) -> None:
    class Trains(Checkout):
        def run(self, log: Path, *arguments: str, **more: str) -> None:
            assert arguments == ("train",)
            (self.root / "models").mkdir()
            (self.root / "models" / "new.tar.gz").write_text(self.commit)

    def train(commit: str, folder: Path) -> tuple[bool, str]:
        with checkout.checked_out(commit, folder, repository) as other:
            trained = checkout.train(Trains(other.root, other.commit), tmp_path / "log", tmp_path / "kept")
            [model] = (folder / "models").iterdir()
            assert model.stat().st_mtime >= (folder / "bot" / "code.py").stat().st_mtime
            return trained, model.read_text()

    first, last = (checkout.short(name, repository) for name in ("HEAD~1", "HEAD"))
    assert train("HEAD~1", tmp_path / "one") == (True, first)
    assert train("HEAD", tmp_path / "two") == (True, last)
    assert train("HEAD~1", tmp_path / "three") == (False, first)
