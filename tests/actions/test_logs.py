"""The id of a turn is in the lines of the action and of its queries, and values are in neither."""

from __future__ import annotations

import json
import logging

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.policydb.demo.data import NUMBERS
from actions.tasks.policies import CheckPolicy
from xiaoer.log import JsonLines


async def test_one_id_through_action_and_queries(policy_database: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    formatter = JsonLines()
    lines: list[dict[str, object]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(formatter.format(record)))

    handler = Collect()
    logging.getLogger("actions").addHandler(handler)
    try:
        principal = {"role": "buyer", "account": "demo"}
        message = {
            "intent": {"name": "check_policy"},
            "entities": [{"entity": "order_number", "value": NUMBERS["in_force"]}],
            "metadata": {"principal": principal, "turn": "turn-7"},
            "text": "我这单有运费险吗",
        }
        tracker = Tracker("s", {}, message, [], False, None, {}, "action_listen")
        tracker.events = [{"event": "user", "input_channel": "widget"}]
        await CheckPolicy().run(CollectingDispatcher(), tracker, {})
    finally:
        logging.getLogger("actions").removeHandler(handler)
    queries = [line for line in lines if line["text"] == "query"]
    done = [line for line in lines if line["text"] == "task done"]
    assert queries
    assert [line["outcome"] for line in done] == ["task"]
    assert {line["turn"] for line in [*queries, *done]} == {"turn-7"}
    assert NUMBERS["in_force"] not in json.dumps(lines, ensure_ascii=False)
