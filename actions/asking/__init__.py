"""How tasks speak with people: who asks about what, which thing is meant, forms, and how things are put."""

import os

# Sounds are looked up a character at a time; pypinyin's table of phrases would cost half a second and 40 MB.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
