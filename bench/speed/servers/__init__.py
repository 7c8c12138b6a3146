"""The servers under measurement: how each is started, watched and ended."""
