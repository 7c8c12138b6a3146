"""Which topic: the model, its features, voters and sentence vectors."""
