"""What is said beside an answer: a person offered, a day counted."""
