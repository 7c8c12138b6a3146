"""python -m knowledge.lint [--coverage] [--root DIR]     (what `xiaoer kb lint` and `make kb-lint` call)

One line a problem, `path:line: level: text. remedy`. An error stops `make lint`; a warning asks somebody to look.
Nothing is fetched: an address is only checked for being one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from knowledge import load
from knowledge.files import paths
from knowledge.lint import Problem, problems
from knowledge.lint.coverage import rows_of, table
from xiaoer import clock, settings
from xiaoer.errors import KnowledgeError, XiaoerError


def _shown(path: str) -> str:
    """Relative to where the command was called, where that is shorter."""
    full = Path(path).resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else path


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the problems; 1 with errors, 0 with none or warnings alone, 2 for settings that cannot be used."""
    parser = argparse.ArgumentParser(prog="knowledge.lint", description="check the knowledge articles")
    parser.add_argument("--root", type=Path, default=None, help="folder of the knowledge (default: XIAOER_KNOWLEDGE)")
    parser.add_argument("--coverage", action="store_true", help="print product x topic x audience as well")
    options = parser.parse_args(argv)
    root = options.root or Path(settings.get("XIAOER_KNOWLEDGE"))
    try:
        found = problems(root, today=clock.today())
    except XiaoerError as error:
        print(error, file=sys.stderr)
        return 2
    for problem in found:
        print(Problem(problem.level, _shown(problem.path), problem.line, problem.text, problem.remedy))
    if options.coverage:
        try:
            print(table(rows_of(load(root))))
        except KnowledgeError:
            print("No coverage table: it needs files that can be read.", file=sys.stderr)
    errors = sum(problem.level == "error" for problem in found)
    files = len(list(paths(root)))
    print(f"{files} files, {errors} errors, {len(found) - errors} warnings", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
