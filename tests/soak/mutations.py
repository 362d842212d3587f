"""Which mistakes in the code that decides fairness would no test see? `python -m tests.soak.mutations [MODULE…]`.

Each module is mutated one place at a time (comparisons turned, numbers doubled, conditions negated, operators swapped),
and the tests that cover it run; a mutation that no test fails is printed. mutmut and cosmic-ray do the same for a whole
package in days: this looks at a few modules with the tests that are theirs.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGETS = {
    "study/selection/rules/one_standard_error.py": ["tests/study/selection"],
    "study/selection/rules/rule.py": ["tests/study/selection"],
    "study/selection/rules/best_smoothed.py": ["tests/study/selection"],
    "study/selection/winners.py": ["tests/study/selection"],
    "study/analysis/budget_ledger.py": ["tests/study/selection"],
    "study/training/jobs.py": ["tests/study/selection", "tests/study/training/test_study_precision.py"],
    "study/plan/fairness_rules.py": ["tests/study/plan"],
    "study/search/budget.py": ["tests/study/search/test_budget.py", "tests/study/search/test_engine.py"],
    "study/search/schedulers/asha.py": ["tests/study/search/schedulers", "tests/study/search/test_engine.py"],
    "datasets/splits/make.py": ["tests/datasets/test_splits.py"],
    "study/comparison/holm.py": ["tests/study/comparison/test_inference.py"],
}
LIMIT = 240  # seconds a test run may take; a mutation that hangs is seen
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def mutations(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was changed, mutated source) for every place."""
    places = len(list(ast.walk(ast.parse(source))))
    for index in range(places):
        tree = ast.parse(source)
        node = list(ast.walk(tree))[index]
        said = _mutate(node)
        if said:
            yield getattr(node, "lineno", 0), said, ast.unparse(tree)


def _mutate(node: ast.AST) -> str:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        old = type(node.ops[0])
        node.ops[0] = COMPARISONS[old]()
        return f"{old.__name__} -> {COMPARISONS[old].__name__}"
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        kind = type(node.op)
        node.op = OPERATORS[kind]()
        return f"{kind.__name__} -> {OPERATORS[kind].__name__}"
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, 1):
        node.value *= 3
        return "number times 3"
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value += 1
        return "number plus 1"
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return "and <-> or"
    if isinstance(node, ast.IfExp | ast.If):
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        return "condition negated"
    return ""


def survivors(path: str, tests: list[str]) -> Iterator[str]:
    """Mutations of a file that its tests do not see. The file is put back whatever happens."""
    file = ROOT / path
    source = file.read_text()
    try:
        for line, said, mutated in mutations(source):
            file.write_text(mutated)
            if _passes(tests):
                yield f"{path}:{line}: {said}: {source.splitlines()[line - 1].strip()}"
    finally:
        file.write_text(source)


def _passes(tests: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "--no-header", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=LIMIT, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    """Print every survivor; exit code 1 where there is one."""
    chosen = [name for name in sys.argv[1:] if name in TARGETS] or list(TARGETS)
    found = 0
    for path in chosen:
        tests = [name for name in TARGETS[path] if (ROOT / name).exists()]
        if not _passes(tests):
            raise SystemExit(f"{tests} fail without a mutation")
        count = sum(1 for _ in mutations((ROOT / path).read_text()))
        lines = list(survivors(path, tests))
        found += len(lines)
        print(f"{path}: {count} mutations, {len(lines)} survive", *lines, sep="\n  ", flush=True)
    return int(found > 0)


if __name__ == "__main__":
    raise SystemExit(main())
