"""Loss values against the papers' formulas, written out; alone and with the batch divided over two processes."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from trainables.ssl import losses

PAIRS, WIDTH, TEMPERATURE, QUEUE, PROTOTYPES = 12, 16, 0.3, 24, 7
TOLERANCE = 1e-5
Tensor = torch.Tensor


def inputs(name: str) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(5)
    width = PROTOTYPES if name.startswith("swav") else WIDTH
    first, second = (torch.randn(PAIRS, width, generator=generator, dtype=torch.float32) for _ in range(2))
    if name.startswith("swav"):
        return first.tanh(), second.tanh()  # cosines
    if name == "supcon":
        return first, second, torch.tensor([0, 1, 2] * (PAIRS // 3))
    return first, second


def cosine(a: Tensor, b: Tensor) -> float:
    a, b = a.double(), b.double()
    return float(a @ b / (a.norm() * b.norm()))


def nt_xent(first: Tensor, second: Tensor) -> float:
    """Chen et al. 2020, eq. 1: l(i, j) = -log exp(s_ij / t) / sum_{k != i} exp(s_ik / t), mean over all 2N (i, j)."""
    z = [*first, *second]
    total = 0.0
    for i in range(2 * PAIRS):
        j = (i + PAIRS) % (2 * PAIRS)
        bottom = sum(math.exp(cosine(z[i], z[k]) / TEMPERATURE) for k in range(2 * PAIRS) if k != i)
        total -= math.log(math.exp(cosine(z[i], z[j]) / TEMPERATURE) / bottom)
    return total / (2 * PAIRS)


def supcon(first: Tensor, second: Tensor, labels: Tensor) -> float:
    """Khosla et al. 2020, eq. 2 (L_out): the logarithm inside the mean over positives; mean over anchors."""
    z, y = [*first, *second], [int(label) for label in labels] * 2
    total = 0.0
    for i in range(2 * PAIRS):
        others = [a for a in range(2 * PAIRS) if a != i]
        bottom = sum(math.exp(cosine(z[i], z[a]) / TEMPERATURE) for a in others)
        positives = [p for p in others if y[p] == y[i]]
        total -= sum(math.log(math.exp(cosine(z[i], z[p]) / TEMPERATURE) / bottom) for p in positives) / len(positives)
    return total / (2 * PAIRS)


def byol(first: Tensor, second: Tensor) -> float:
    """Grill et al. 2020, eq. 2: squared distance of the normalised vectors, mean over the batch."""
    return sum(2 - 2 * cosine(p, z) for p, z in zip(first, second, strict=True)) / PAIRS


def sinkhorn(scores: list[list[float]], epsilon: float = 0.05, rounds: int = 3) -> list[list[float]]:
    """Caron et al. 2020, eq. 3 and its Sinkhorn iterations: rows (prototypes) to 1/K, columns (images) to 1/B."""
    count = len(scores)
    q = [[math.exp(scores[b][k] / epsilon) for b in range(count)] for k in range(PROTOTYPES)]
    for _ in range(rounds):
        q = [[value / sum(row) / PROTOTYPES for value in row] for row in q]
        columns = [sum(q[k][b] for k in range(PROTOTYPES)) for b in range(count)]
        q = [[q[k][b] / columns[b] / count for b in range(count)] for k in range(PROTOTYPES)]
    return [[q[k][b] * count for k in range(PROTOTYPES)] for b in range(count)]


def swav(first: Tensor, second: Tensor, queues: tuple[Tensor, ...] = ()) -> float:
    """Caron et al. 2020, eq. 2 with the codes of the other view, mean of both directions; codes that see a queue of
    earlier scores as well (sec. 4.1) are those of all of them together."""
    total = 0.0
    for index, (seen, coded) in enumerate(((second, first), (first, second))):
        codes = sinkhorn(torch.cat([coded, *queues[index : index + 1]]).double().tolist())[:PAIRS]
        for scores, code in zip(seen.double().tolist(), codes, strict=True):
            bottom = sum(math.exp(score / TEMPERATURE) for score in scores)
            logs = [math.log(math.exp(score / TEMPERATURE) / bottom) for score in scores]
            total -= sum(q * log for q, log in zip(code, logs, strict=True))
    return total / (2 * PAIRS)


def dino(first: Tensor, second: Tensor) -> float:
    """Caron et al. 2021, alg. 1, with a centre of zero: cross-entropy of each view under the other's teacher."""
    total = 0.0
    for taught, student in ((first, second), (second, first)):
        for t, s in zip(taught.double(), student.double(), strict=True):
            target = (t / 0.04).softmax(0)
            total -= float((target * (s / TEMPERATURE).log_softmax(0)).sum())
    return total / (2 * PAIRS)


def barlow_twins(first: Tensor, second: Tensor) -> float:
    """Zbontar et al. 2021, eq. 1 and 2, of embeddings standardised over the batch."""
    a, b = (
        [[float(v) for v in (x[:, k] - x[:, k].mean()) / x[:, k].std(unbiased=False)] for k in range(WIDTH)]
        for x in (first.double(), second.double())
    )
    total = 0.0
    for i in range(WIDTH):
        for j in range(WIDTH):
            correlation = sum(p * q for p, q in zip(a[i], b[j], strict=True)) / PAIRS
            total += (1 - correlation) ** 2 if i == j else 0.005 * correlation**2
    return total


def vicreg(first: Tensor, second: Tensor) -> float:
    """Bardes et al. 2022, eq. 1 to 6: weights 25, 25, 1; variances and covariances of n - 1."""
    a, b = first.double(), second.double()
    invariance = float(((a - b) ** 2).mean())
    variance = covariance = 0.0
    for x in (a, b):
        centred = x - x.mean(0)
        c = centred.T @ centred / (PAIRS - 1)
        variance += sum(max(0.0, 1 - math.sqrt(float(c[k, k]) + 1e-4)) for k in range(WIDTH)) / WIDTH / 2
        covariance += sum(float(c[i, j]) ** 2 for i in range(WIDTH) for j in range(WIDTH) if i != j) / WIDTH
    return 25 * invariance + 25 * variance + covariance


def queued_scores() -> tuple[Tensor, Tensor]:
    """Scores of earlier embeddings, for each view."""
    generator = torch.Generator().manual_seed(11)
    first, second = (torch.randn(QUEUE, PROTOTYPES, generator=generator).tanh() for _ in range(2))
    return first, second


def swav_with_queue(first: Tensor, second: Tensor) -> float:
    return swav(first, second, queued_scores())


def queue() -> Tensor:
    """The keys of two earlier calls, which fill the queue exactly."""
    return torch.randn(QUEUE, WIDTH, generator=torch.Generator().manual_seed(9))


def moco(first: Tensor, second: Tensor) -> float:
    """He et al. 2020, eq. 1: a query's own key against it and all keys of the queue."""
    earlier, total = queue(), 0.0
    for query, key in zip(first, second, strict=True):
        positive = math.exp(cosine(query, key) / TEMPERATURE)
        total -= math.log(positive / (positive + sum(math.exp(cosine(query, k) / TEMPERATURE) for k in earlier)))
    return total / PAIRS


def ours(name: str, parts: tuple[Tensor, ...], rank: int = 0, world: int = 1) -> Tensor:
    if name == "nt_xent":
        return losses.nt_xent(TEMPERATURE)(*parts)
    if name == "supcon":
        return losses.SupCon(TEMPERATURE)(*parts)
    if name == "byol":
        return losses.Byol()(*parts)
    if name == "dino":
        return losses.self_distillation(WIDTH, TEMPERATURE, 0.04)([part.detach() for part in parts], list(parts))
    if name == "barlow_twins":
        return losses.barlow_twins()(*parts)
    if name == "vicreg":
        return losses.vicreg()(*parts)
    if name == "swav":
        return losses.swapped_prediction(TEMPERATURE)(list(parts), []).squeeze()
    if name == "swav with a queue":
        earlier = [scores.chunk(world)[rank] for scores in queued_scores()]
        return losses.swapped_prediction(TEMPERATURE)(list(parts), [], earlier).squeeze()
    loss = losses.info_nce(TEMPERATURE, QUEUE, WIDTH)
    for turn in queue().split(PAIRS):  # in the order in which two ranks' shares are gathered
        share = turn.split(PAIRS // world)[rank]
        loss(share.clone().requires_grad_(), share)
    return loss(*parts)


REFERENCES: dict[str, Callable[..., float]] = {
    "nt_xent": nt_xent,
    "supcon": supcon,
    "byol": byol,
    "swav": swav,
    "swav with a queue": swav_with_queue,
    "moco": moco,
    "dino": dino,
    "barlow_twins": barlow_twins,
    "vicreg": vicreg,
}


@pytest.mark.parametrize("name", REFERENCES)
def test_value_is_the_formulas(name: str) -> None:
    assert float(ours(name, inputs(name))) == pytest.approx(REFERENCES[name](*inputs(name)), abs=TOLERANCE)


def test_sinkhorn_codes_are_the_formulas() -> None:
    from lightly.loss.swav_loss import sinkhorn as library

    scores = inputs("swav")[0]
    expected = torch.tensor(sinkhorn(scores.double().tolist()), dtype=torch.float32)
    torch.testing.assert_close(library(scores.clone()), expected, atol=TOLERANCE, rtol=0)


def gradient_at(name: str, rank: int, world: int) -> tuple[float, Tensor]:
    """Loss and gradient of the first input, of this rank's share."""
    share = [part.chunk(world)[rank].clone() for part in inputs(name)]
    share[0].requires_grad_()
    if name in ("nt_xent", "supcon", "dino", "barlow_twins", "vicreg") or name.startswith("swav"):
        share[1].requires_grad_()
    loss = ours(name, tuple(share), rank, world)
    loss.backward()
    assert share[0].grad is not None
    return float(loss.detach()), share[0].grad


def worker(rank: int, store: str, found: dict) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    found[rank] = {name: gradient_at(name, rank, 2) for name in REFERENCES}
    dist.barrier()
    dist.destroy_process_group()


def test_two_processes_give_the_value_and_the_gradient_of_one(tmp_path) -> None:
    """DDP averages the ranks' gradients: the sum over ranks of what reaches an input, halved, is its gradient."""
    with mp.Manager() as manager:
        found = manager.dict()
        mp.start_processes(worker, args=(str(tmp_path / "store"), found), nprocs=2, start_method="spawn")
        divided = dict(found)
    for name in REFERENCES:
        value, gradient = gradient_at(name, 0, 1)
        (first, top), (second, bottom) = divided[0][name], divided[1][name]
        assert (first + second) / 2 == pytest.approx(value, abs=TOLERANCE), name
        torch.testing.assert_close(torch.cat([top, bottom]) / 2, gradient, atol=TOLERANCE, rtol=0, msg=name)
