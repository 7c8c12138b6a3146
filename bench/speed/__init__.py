"""How fast and how heavy: the assistant beside a stock Rasa assistant of the same phrases, over the same wire."""
