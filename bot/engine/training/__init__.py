"""What Rasa trains on, and the models that come of it."""
