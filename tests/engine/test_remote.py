"""What the action server is sent and what is believed of its reply."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest
import pytest_asyncio
from aiohttp import web
from rasa.core.actions.action import RemoteAction
from rasa.core.actions.forms import FormAction
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.engine.remote import KeptEndpoint, LeanFormAction, LeanRemoteAction, lean

DOMAIN = Domain.from_dict(
    {
        "actions": ["action_x", "validate_x_form"],
        "slots": {"order": {"type": "text", "mappings": [{"type": "custom"}]}},
        "forms": {"x_form": {"required_slots": ["order"]}},
    }
)
SAID = UserUttered(
    "查一下",
    {"name": "check", "confidence": 0.9},
    [{"entity": "order_number", "value": "1"}],
    {
        "text": "查一下",
        "intent": {"name": "check"},
        "intent_ranking": [{"name": "check"}] * 10,
        "text_tokens": [[0, 1]],
    },
    metadata={"principal": {"role": "buyer"}},
)


class ActionServer:
    """Keeps what it is sent, with the connection it came over."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.connections: set[Any] = set()
        self.reply: Any = {"events": [{"event": "slot", "name": "order", "value": "7"}], "responses": [{"text": "好"}]}
        self.status = 200

    async def handle(self, request: web.Request) -> web.Response:
        self.connections.add(request.transport)
        self.requests.append(json.loads(await request.read()))
        return web.json_response(self.reply, status=self.status)


@pytest_asyncio.fixture(loop_scope="function")
async def server() -> AsyncIterator[ActionServer]:
    served = ActionServer()
    app = web.Application()
    app.router.add_post("/webhook", served.handle)
    running = web.AppRunner(app)
    await running.setup()
    site = web.TCPSite(running, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    served.endpoint = KeptEndpoint(f"http://127.0.0.1:{port}/webhook")  # type: ignore[attr-defined]
    yield served
    await served.endpoint.close()  # type: ignore[attr-defined]
    await running.cleanup()


def tracker() -> DialogueStateTracker:
    return DialogueStateTracker.from_events(
        "somebody",
        [
            ActionExecuted("action_listen"),
            ActiveLoop("x_form"),
            SlotSet("order", "6"),
            BotUttered("哪一单？", metadata={"xiaoer": {"outcome": "clarify"}}),
            SAID,
        ],
        slots=DOMAIN.slots,
    )


async def run(action: Any) -> list[Any]:
    return await action.run(CollectingOutputChannel(), None, tracker(), DOMAIN)


async def test_an_action_gets_what_it_reads_and_nothing_else(server: Any) -> None:
    await run(LeanRemoteAction("action_x", server.endpoint))
    (sent,) = server.requests
    assert sent["next_action"] == "action_x"
    assert sent["sender_id"] == "somebody"
    assert "domain" not in sent
    assert sent["tracker"]["slots"]["order"] == "6"
    assert [event["event"] for event in sent["tracker"]["events"]] == ["user"]
    message = sent["tracker"]["latest_message"]
    assert message["entities"] == [{"entity": "order_number", "value": "1"}]
    assert message["metadata"] == {"principal": {"role": "buyer"}}
    assert "intent_ranking" not in message
    assert "intent_ranking" not in sent["tracker"]["events"][-1]["parse_data"]


async def test_who_hands_the_conversation_on_gets_what_was_said(server: Any) -> None:
    await run(LeanRemoteAction("action_handoff", server.endpoint))
    (sent,) = server.requests
    assert [event["event"] for event in sent["tracker"]["events"]] == ["bot", "user"]


async def test_reply_and_events_are_as_from_rasas_own_action(server: Any) -> None:
    ours = await run(LeanRemoteAction("action_x", server.endpoint))
    rasas = await run(RemoteAction("action_x", server.endpoint))
    assert [event.as_dict() | {"timestamp": 0} for event in ours] == [
        event.as_dict() | {"timestamp": 0} for event in rasas
    ]
    assert [type(event) for event in ours] == [BotUttered, SlotSet]


async def test_one_connection_serves_many_calls_and_a_new_loop_gets_its_own(server: Any) -> None:
    for _ in range(3):
        await run(LeanRemoteAction("action_x", server.endpoint))
    assert len(server.requests) == 3
    assert len(server.connections) == 1


async def test_calls_at_once_do_not_wait_for_each_other(server: Any) -> None:
    await asyncio.gather(*(run(LeanRemoteAction("action_x", server.endpoint)) for _ in range(8)))
    assert len(server.requests) == 8


@pytest.mark.parametrize("reply", [{"events": {}}, {"events": [{"name": "order"}]}, {"responses": ["text"]}])
async def test_a_malformed_reply_is_refused(server: Any, reply: Any) -> None:
    server.reply = reply
    with pytest.raises(jsonschema.ValidationError):
        await run(LeanRemoteAction("action_x", server.endpoint))


async def test_an_error_status_is_an_error(server: Any) -> None:
    server.status = 500
    with pytest.raises(Exception, match="action_x") as raised:
        await run(LeanRemoteAction("action_x", server.endpoint))
    assert isinstance(raised.value.__cause__, ClientResponseError)


async def test_a_closed_session_is_opened_anew(server: Any) -> None:
    await run(LeanRemoteAction("action_x", server.endpoint))
    await server.endpoint.close()
    await run(LeanRemoteAction("action_x", server.endpoint))
    assert len(server.requests) == 2


async def test_a_forms_validation_goes_the_same_way(server: Any) -> None:
    form = lean(FormAction("x_form", server.endpoint))
    assert isinstance(form, LeanFormAction)
    events = await form.validate_slots({"order": "9"}, tracker(), DOMAIN, CollectingOutputChannel(), None)
    assert [type(event) for event in events] == [BotUttered, SlotSet]
    (sent,) = server.requests
    assert sent["next_action"] == "validate_x_form"
    assert sent["tracker"]["slots"]["order"] == "9"
    assert "domain" not in sent


def test_an_endpoint_is_kept_as_it_was_configured() -> None:
    plain = EndpointConfig(
        "http://127.0.0.1:1/webhook", headers={"x": "y"}, token="t", token_name="n", cafile="c", wait_time=3
    )
    kept = KeptEndpoint.of(plain)
    assert kept == plain
    assert (kept.cafile, kept.kwargs) == ("c", {"wait_time": 3})
    assert KeptEndpoint.of(None) is None


def test_other_actions_stay_as_they_are() -> None:
    from rasa.core.actions.action import ActionListen

    listen = ActionListen()
    assert lean(listen) is listen
