"""An action server that dies right after a request is committed, before it can say so. `python -m ...doomed PORT`"""

from __future__ import annotations

import os
import signal
import sys

from sqlalchemy import event
from sqlalchemy.orm import Session


def die_after_a_request() -> None:
    """SIGKILL to this process at the first commit that holds a request."""
    from actions.policydb import tables

    holds_one: set[int] = set()

    @event.listens_for(Session, "after_flush")
    def remember(session: Session, context: object) -> None:
        if any(isinstance(row, tables.Request) for row in session.new):
            holds_one.add(id(session))

    @event.listens_for(Session, "after_commit")
    def die(session: Session) -> None:
        if id(session) in holds_one:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from rasa_sdk.__main__ import main

    die_after_a_request()
    sys.argv = ["rasa_sdk", "--actions", "actions", "--port", sys.argv[1]]
    main()
