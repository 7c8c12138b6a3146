"""What single words do, before any topic is thought of: a text as letters, calling a person, what is no sentence at all."""
