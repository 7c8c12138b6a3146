"""What staff see: tickets, the journal, what was not answered."""
