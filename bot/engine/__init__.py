"""Rasa's own machinery where a turn loses its time, as subclasses of what Rasa offers: nothing of Rasa is patched."""
