"""Rasa's own Socket.IO channel under the one name whose identities the custom actions believe."""

from __future__ import annotations

from rasa.core.channels.socketio import SocketIOInput


class StockInput(SocketIOInput):
    """Nothing but the name differs: `xiaoer.principal` believes `metadata.principal` of the widget's channel alone."""

    @classmethod
    def name(cls) -> str:
        return "widget"
