"""All that runs inside the Rasa server."""
