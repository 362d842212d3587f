"""The default search beside those of other packages, syne-tune's and SMAC's, on the same curves, devices and budget.

They are peers, not dependencies: nothing of ours calls them, and none of them gives the guarantees of a study (a record
of its own, resuming, the same first points for every method). `pip install syne-tune==0.14.2 autograd statsmodels smac`
beside the project makes their rows appear; from 0.15 on syne-tune has no PASHA, DyHPO or MOBSTER.
"""

from __future__ import annotations

import heapq
import importlib.util
import logging
import os
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces import Choice, Int, SearchSpace
from search_spaces.domains import Value
from study.simulation.bank_benchmark import Bank, run_bank
from study.simulation.benchmark_problems import BenchmarkProblem
from study.simulation.curve_simulators import LearningCurve
from study.simulation.simulate import Incumbent, SearchOutcome
from tests.benchmarks.candidates import BANK, DEFAULT, row

SCHEDULERS = {  # syne-tune's name -> as a table says it, and its own arguments
    "ASHA": ("random, ASHA stopping", {}),
    "BOHB": ("BOHB, ASHA stopping", {}),
    "MOBSTER": ("MOBSTER (GP), ASHA stopping", {}),
    "HyperTune": ("Hyper-Tune", {"brackets": 2}),
    "DyHPO": ("DyHPO", {}),
    "PASHA": ("PASHA", {}),
}


SLOW = ("MOBSTER", "HyperTune", "DyHPO")
"""Those that fit a Gaussian process to all epochs."""


@dataclass(frozen=True, kw_only=True)
class SyneTune:
    """A search of syne-tune with eta 3 and grace 1, the default's."""

    name: str

    @property
    def label(self) -> str:
        """For tables."""
        return f"syne-tune: {SCHEDULERS[self.name][0]}"

    def search(self, problem: BenchmarkProblem, *, epochs: int, seed: int, slots: int) -> SearchOutcome:
        """One search of a cell, as `simulate` counts: every epoch takes the same time on each of `slots` devices."""
        scheduler = self._scheduler(problem, seed)
        from syne_tune.backend.trial_status import Trial
        from syne_tune.optimizer.scheduler import SchedulerDecision

        seen, trials = Incumbent(), {}
        done: dict[int, int] = {}  # epochs of each trial
        curves: dict[int, LearningCurve] = {}
        events: list[tuple[int, int, int]] = []  # time, tie-breaker, trial
        now = ties = spent = 0
        while spent < epochs:
            while len(events) < slots:
                suggestion = scheduler.suggest(len(trials))
                if suggestion is None:
                    break
                number = len(trials) if suggestion.spawn_new_trial_id else int(suggestion.checkpoint_trial_id)
                if number not in trials:
                    trials[number] = Trial(trial_id=number, config=suggestion.config, creation_time=None)
                    curves[number] = problem.curves.curve(
                        _parameters(problem.space, suggestion.config), problem.max_epochs
                    )
                    scheduler.on_trial_add(trials[number])
                ties += 1
                heapq.heappush(events, (now + 1, ties, number))
            if not events:
                break
            now, _, number = heapq.heappop(events)
            done[number] = epoch = done.get(number, 0) + 1
            spent += 1
            curve = curves[number]
            if curve.fails(epoch):
                seen.fail(number)
                scheduler.on_trial_error(trials[number])
                continue
            seen.add(number, float(curve.reported[epoch - 1]), float(curve.truth[epoch - 1]))
            result = {"auc": float(curve.reported[epoch - 1]), "epoch": epoch}
            if epoch == problem.max_epochs:
                scheduler.on_trial_complete(trials[number], result)
            elif scheduler.on_trial_result(trials[number], result) == SchedulerDecision.CONTINUE:
                ties += 1
                heapq.heappush(events, (now + 1, ties, number))
        return seen.outcome(len(trials))

    def _scheduler(self, problem: BenchmarkProblem, seed: int) -> Any:
        from syne_tune import config_space
        from syne_tune.optimizer import legacy_baselines

        logging.getLogger("syne_tune").setLevel(logging.ERROR)
        space = {}
        for name, domain in problem.space.domains.items():
            if isinstance(domain, Choice):
                space[name] = config_space.choice(list(domain.values))
            elif isinstance(domain, Int):
                space[name] = (config_space.lograndint if domain.log else config_space.randint)(domain.low, domain.high)
            else:
                space[name] = (config_space.loguniform if domain.log else config_space.uniform)(domain.low, domain.high)
        own = {} if self.name == "DyHPO" else {"reduction_factor": 3}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(legacy_baselines, self.name)(
                space,
                metric="auc",
                mode="max",
                resource_attr="epoch",
                max_t=problem.max_epochs,
                grace_period=1,
                random_seed=seed,
                search_options={"debug_log": False},
                **own,
                **SCHEDULERS[self.name][1],
            )


@dataclass(frozen=True, kw_only=True)
class Smac:
    """SMAC's random forest, alone or with Hyperband (its form of BOHB), asked and told one training at a time."""

    hyperband: bool

    @property
    def label(self) -> str:
        """For tables."""
        return f"SMAC: random forest, {'Hyperband' if self.hyperband else 'no scheduler'}"

    def search(self, problem: BenchmarkProblem, *, epochs: int, seed: int, slots: int) -> SearchOutcome:
        """One search of a cell. A training that goes on to a larger budget pays for what is new alone; one that fails
        is told as the worst there is."""
        with tempfile.TemporaryDirectory() as folder:
            return self._search(problem, epochs, seed, folder)

    def _search(self, problem: BenchmarkProblem, epochs: int, seed: int, folder: str) -> SearchOutcome:
        from smac import HyperparameterOptimizationFacade, MultiFidelityFacade, Scenario
        from smac.runhistory import StatusType, TrialValue

        logging.getLogger("smac").setLevel(logging.ERROR)

        kind = MultiFidelityFacade if self.hyperband else HyperparameterOptimizationFacade
        budgets = {"min_budget": 1, "max_budget": problem.max_epochs} if self.hyperband else {}
        scenario = Scenario(
            _smac_space(problem.space, seed),
            deterministic=True,
            n_trials=10 * epochs,
            seed=seed,
            output_directory=folder,
            **budgets,
        )
        arguments = {"intensifier": kind.get_intensifier(scenario, eta=3)} if self.hyperband else {}
        # SMAC's default first design is ten points a parameter: more than the whole budget.
        design = kind.get_initial_design(scenario, n_configs=8)
        smac = kind(scenario, _never, initial_design=design, logging_level=False, overwrite=True, **arguments)
        seen, spent, done = Incumbent(), 0, {}
        while spent < epochs:
            info = smac.ask()
            curve = problem.curves.curve(_parameters(problem.space, dict(info.config)), problem.max_epochs)
            last = round(info.budget) if self.hyperband else problem.max_epochs
            fails = curve.fails(last)
            for epoch in range(done.get(info.config, 0), last):
                if spent == epochs:
                    break
                spent += 1
                if epoch == len(curve.reported):
                    seen.fail(info.config)
                    break
                seen.add(info.config, float(curve.reported[epoch]), float(curve.truth[epoch]))
            done[info.config] = problem.max_epochs if fails else max(done.get(info.config, 0), last)
            if fails:
                smac.tell(info, TrialValue(cost=1.0, status=StatusType.CRASHED))
            else:
                smac.tell(info, TrialValue(cost=1.0 - float(curve.reported[:last].max())))
        return seen.outcome(len(done))


def _smac_space(space: SearchSpace, seed: int) -> Any:
    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, Float, Integer

    found = ConfigurationSpace(seed=seed)
    for name, domain in space.domains.items():
        if isinstance(domain, Choice):
            found.add(CategoricalHyperparameter(name, list(domain.values)))
        else:
            kind = Integer if isinstance(domain, Int) else Float
            found.add(kind(name, (domain.low, domain.high), log=domain.log))
    return found


def _never(config: object, seed: int = 0, budget: float = 0.0) -> float:
    raise AssertionError("asked and told, never called")


def _parameters(space: SearchSpace, chosen: Mapping[str, Any]) -> dict[str, Value]:
    """What a package chose, in the space's own types: SMAC gives NumPy's."""
    plain = {name: getattr(value, "item", lambda value=value: value)() for name, value in chosen.items()}
    return {**space.at([0.0] * space.dimensions), **{name: plain[name] for name in space.domains}}


def outside_searches() -> list[SyneTune | Smac]:
    """Those whose package is installed."""
    found: list[SyneTune | Smac] = []
    if all(importlib.util.find_spec(name) for name in ("syne_tune", "autograd", "statsmodels")):
        found += [SyneTune(name=name) for name in SCHEDULERS]
    if importlib.util.find_spec("smac"):
        found += [Smac(hyperband=hyperband) for hyperband in (False, True)]
    return found


def run(short: bool) -> dict:
    """The default and whatever is installed; those by a Gaussian process, a minute a search, less often."""
    bank = Bank(path=BANK, space="ft", kind="process")
    installed = outside_searches()
    slow = [search for search in installed if isinstance(search, SyneTune) and search.name in SLOW]
    quick = [search for search in installed if search not in slow]
    rows: list[dict] = []
    for searches, repetitions in ((quick, 1 if short else 10), ([] if short else slow, 2)):
        if searches:
            cores = os.cpu_count() or 1
            found = run_bank([DEFAULT, *searches], bank, repetitions=repetitions, slots=4, processes=cores)[:-1]
            rows += [{**row("process", result, found[0]), "repetitions": repetitions} for result in found]
    absent = [name for name in ("syne-tune", "SMAC") if not any(name in search.label for search in installed)]
    return {
        "title": "Searches of other packages, on real learning curves",
        "rows": rows,
        "note": "As the candidates for the default search, in turns with the default, which stands above those that it "
        "is compared with. The packages' own settings but for eta 3, grace 1 and SMAC's first design (8 points; its "
        "own, of ten points a parameter, is larger than the budget). None begins with a design that methods share."
        + (f" Not installed, hence not played: {', '.join(absent)}." if absent else ""),
    }
