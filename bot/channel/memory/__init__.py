"""What the channel knows of a conversation."""
