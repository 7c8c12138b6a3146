"""Writing: what is asked of the desk and what it does, each with its line in the journal, in one transaction or not at all."""
