"""The widget's channel: who is asking (identity), how much they may (limits), what is kept of it (privacy).

A message passes: `sockets` or `rest` (the wire) -> `exchange` (limits, message ids, masking, the turn) -> Rasa ->
`outputs` (one event a reply) -> every tab of the account. `widget` puts the parts together for Rasa.
"""
