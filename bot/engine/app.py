"""The Rasa server: the same app, channels and files as `rasa run`, with our agent in it. `rasa run` gives the same answers, slower."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

import rasa.utils.common
from rasa.core.brokers.broker import EventBroker
from rasa.core.channels import channel
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.lock_store import LockStore
from rasa.core.run import create_http_input_channels
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.server import add_root_route
from rasa.utils.log_utils import configure_structlog
from sanic import Sanic

from bot.engine.agent import Agent
from bot.engine.remote import KeptEndpoint
from bot.engine.training.models import model_or_raise
from bot.stores import book
from xiaoer.errors import XiaoerError
from xiaoer.settings import ROOT

# One question, and two in one message with a name in Latin letters: what is loaded at the first use differs.
WARMING = ("运费险怎么用", "yunfeixian怎么理赔？多久到账")
WAITING = 1024  # connections that may wait to be accepted


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is stopped. 1: it could not start; the reason is on standard error."""
    parser = argparse.ArgumentParser(prog="python -m bot.engine", description="the Rasa server of the assistant")
    parser.add_argument("--interface", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--endpoints", default=str(ROOT / "endpoints.yml"))
    parser.add_argument("--credentials", default=str(ROOT / "credentials.yml"))
    parser.add_argument("--model", type=Path, help="a model file; the newest of models/ where it is not named")
    options = parser.parse_args(arguments)
    configure_structlog()
    rasa.utils.common.configure_logging_and_warnings()
    try:
        book.writable_place()
        app = make_app(options.model or model_or_raise(), options.endpoints, options.credentials)
    except XiaoerError as error:
        print(error, file=sys.stderr)
        return 1
    rasa.utils.common.update_sanic_log_level()
    app.run(host=options.interface, port=options.port, workers=1, backlog=WAITING)
    return 0


def make_app(model: Path, endpoints: str, credentials: str) -> Sanic:
    """The app with the channels of the credentials file; the agent comes to it when the server starts.

    Raises XiaoerError, RasaException.
    """
    app = Sanic("xiaoer", configure_logging=False)
    add_root_route(app)
    channel.register(create_http_input_channels(None, credentials), app, route="/webhooks/")
    read = AvailableEndpoints.read_endpoints(endpoints)

    async def load(app: Sanic, _: object) -> None:
        agent = await load_agent(model, read)
        await warm(agent)
        app.ctx.agent = agent
        gc.freeze()  # what was loaded stays: it is left out of every later search for garbage
        gc.enable()

    async def close(app: Sanic, _: object) -> None:
        broker, actions = app.ctx.agent.tracker_store.event_broker, app.ctx.agent.action_endpoint
        if broker:
            await broker.close()
        if actions:
            await actions.close()

    app.register_listener(load, "before_server_start")
    app.register_listener(close, "after_server_stop")
    return app


async def load_agent(model: Path, endpoints: AvailableEndpoints) -> Agent:
    """The agent over the stores of endpoints.yml. Raises ModelNotFound."""
    broker = await EventBroker.create(endpoints.event_broker)
    agent = Agent(
        generator=endpoints.nlg,
        tracker_store=TrackerStore.create(endpoints.tracker_store, event_broker=broker),
        lock_store=LockStore.create(endpoints.lock_store),
        action_endpoint=KeptEndpoint.of(endpoints.action),
    )
    agent.load_model(model)
    return agent


async def warm(agent: Agent) -> None:
    """Turns that nobody sees and nothing keeps: what is loaded at the first use is loaded before the first asker."""
    kept, agent.processor.tracker_store = agent.processor.tracker_store, InMemoryTrackerStore(agent.domain)
    try:
        for text in WARMING:
            await agent.processor.handle_message(UserMessage(text, CollectingOutputChannel(), "warming"))
    finally:
        agent.processor.tracker_store = kept
