"""How tasks speak with people: who asks about what, which thing is meant, forms, and how things are put."""
