"""Where Rasa keeps conversations, and how it keeps two messages of one conversation apart (`endpoints.yml`)."""
