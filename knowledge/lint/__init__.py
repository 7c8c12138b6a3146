"""Checks `knowledge/` and names every problem in it, where `knowledge.load` stops at the first.

tree: all files, and what a problem is; files, product, articles, answers, amounts: the checks; coverage: what is answered to whom.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from knowledge.lint import amounts, answers, articles, files, product
from knowledge.lint.tree import Problem, Tree

__all__ = ["Problem", "problems"]


def problems(root: Path, *, today: date) -> list[Problem]:
    """Every problem below `root`, sorted by file and line. `today` decides what is overdue. Raises nothing."""
    tree = Tree(root)
    found = [*tree.broken, *files.repeated_keys(tree)]
    if tree.vocabulary:
        found += files.problems(tree)
        for of_product in tree.products.values():
            found += product.problems(tree, of_product, today)
        for article in tree.articles.values():
            found += articles.problems(tree, article, today)
        found += answers.problems(tree, today)
        found += amounts.problems(tree)
    return sorted(set(found), key=lambda problem: (problem.path, problem.line, problem.level, problem.text))
