"""The widget's channel: who is asking (identity), how much they may (limits), what is kept of it (privacy).

A message passes: `wire/sockets` or `wire/rest` -> `exchange` (limits, message ids, masking, the turn) -> `backend` (the
conversation's lock, Rasa) -> `memory/outputs` (one event a reply) -> every tab of the account. `input` puts the parts
together for Rasa.
"""
