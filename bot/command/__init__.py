"""The `xiaoer` command."""
