"""Reading. What the bot asks takes the principal and filters by it (`own`, `figures`, `receipts`); what staff ask at the
terminal, and the channel for delivery, does not (`queue`, `journal`)."""
