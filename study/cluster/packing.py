"""What fits onto a cluster at once: first-fit packing of trials' bundles onto nodes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Bundle = Mapping[str, float]
Request = Sequence[Bundle]  # one trial: all its bundles are placed, or none
_UNIT = 10_000  # Ray counts resources in units of 1/10000; whole numbers keep 4 × 0.25 equal to 1


def fits(nodes: Sequence[Bundle], requests: Iterable[Request]) -> bool:
    """Whether all requests can be placed at once, largest bundles first."""
    free = [{name: round(amount * _UNIT) for name, amount in node.items()} for node in nodes]
    bundles = [bundle for request in requests for bundle in request]
    for bundle in sorted(bundles, key=lambda bundle: sorted(bundle.values(), reverse=True), reverse=True):
        needed = {name: round(amount * _UNIT) for name, amount in bundle.items() if amount > 0}
        for node in free:
            if all(node.get(name, 0) >= amount for name, amount in needed.items()):
                for name, amount in needed.items():
                    node[name] -= amount
                break
        else:
            return False
    return True


def max_running(nodes: Sequence[Bundle], request: Request, limit: int = 1024) -> int:
    """How many trials of one kind run at once, up to `limit`."""
    count = 0
    while count < limit and fits(nodes, [request] * (count + 1)):
        count += 1
    return count


def arithmetic(nodes: Sequence[Bundle], request: Request) -> str:
    """Why a request cannot be placed: what it needs, and the most that a node and the cluster have."""
    names = sorted({name for bundle in request for name in bundle})
    lines = []
    for name in names:
        needed = [bundle.get(name, 0.0) for bundle in request]
        offered = [node.get(name, 0.0) for node in nodes]
        lines.append(
            f"{name}: {len([amount for amount in needed if amount])} × {max(needed):g} = {sum(needed):g} wanted; "
            f"the largest of {len(nodes)} nodes has {max(offered, default=0.0):g}, all have {sum(offered):g}"
        )
    return "; ".join(lines)
