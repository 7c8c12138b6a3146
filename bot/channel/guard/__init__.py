"""Who may speak, from where, how much: checked before anything else happens."""
