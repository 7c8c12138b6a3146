"""What the business does, free of Rasa and of database sessions: facts go in, decisions with their rule come out."""
