"""Conversations of people about what is theirs: do turns come out as they should? See docs/evaluation.md."""
