"""How well the assistant understands: `python -m bench.quality` (see docs/evaluation.md)."""
