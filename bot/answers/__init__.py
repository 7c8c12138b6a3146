"""The reply to a question, from knowledge."""
