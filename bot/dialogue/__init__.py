"""What happens next: the turn, what was before it, acts, forms, plan, policy."""
