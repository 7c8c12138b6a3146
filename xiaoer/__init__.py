"""The ground floor: settings, errors, identity. Imports nothing of Rasa, bot, actions or knowledge."""
