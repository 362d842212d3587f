"""The findings of `study doctor` as a table: one row a node, and below it the failures."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from study.cluster.doctor import Finding


def print_findings(findings: Sequence[Finding]) -> None:
    """All checks of all nodes, then the failures in words."""
    console = Console(highlight=False, soft_wrap=True)
    checks = list(dict.fromkeys(finding.check for finding in findings))
    table = Table()
    for name in ("node", *checks):
        table.add_column(name, overflow="fold")
    for node in dict.fromkeys(finding.node for finding in findings):
        on_node = [finding for finding in findings if finding.node == node]
        table.add_row(node, *(_mark([f.ok for f in on_node if f.check == check]) for check in checks))
    console.print(table)
    failed = [finding for finding in findings if not finding.ok]
    for finding in failed:
        console.print(f"{finding.node}: {finding.check}: {finding.detail}", markup=False)
    if not failed:
        console.print(f"{len(table.rows)} node(s) fit")


def _mark(results: Sequence[bool]) -> str:
    return "" if not results else "ok" if all(results) else "FAILED"
