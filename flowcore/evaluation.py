"""One model over the pairs of a data set: the numbers of a benchmark."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowcore.cost import MemoryMeter
from flowcore.data.datasets import Dataset, Pair
from flowcore.errors import FlowcoreError, InputError, ModelError, StoreError
from flowcore.hardware import chosen_device
from flowcore.io.flow_files import read_flow, write_flow
from flowcore.io.scaling import ValueRange
from flowcore.lane import TIMED_RUNS, estimate_key, measure_key, weights_sha256
from flowcore.metrics.convention import suspicion
from flowcore.metrics.summary import Measurement, measure, measure_errors
from flowcore.pipeline import external_estimate, load_model, run
from flowcore.scores import Failure, PairScore
from flowcore.store import RunFacts, RunStore
from flowcore.types import Estimate, FlowField, FramePair, PipelineConfig

__all__ = ["NUM_CHECKED", "evaluate", "facts_of", "score_key", "score_pair"]

NUM_CHECKED = 3  # pairs of a set whose truth is checked for what it means, which takes a while


def evaluate(
    dataset: Dataset,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
    runs: int = TIMED_RUNS,
    flows: Path | None = None,
    out: Path | None = None,
    value_range: ValueRange = "auto",
    truth_format: str | None = None,
    prepare: Callable[[FramePair], FramePair] = lambda pair: pair,
    store: RunStore | None = None,
    continued: int | None = None,
) -> Iterator[PairScore | Failure]:
    """The score of every pair, one after the other; a broken one is a ``Failure``.

    Parameters
    ----------
    dataset : Dataset
        See ``flowcore.data.datasets.open_dataset``.
    config : PipelineConfig
    threads, device : optional
        As of ``flowcore.pipeline.run``.
    runs : int
        How often each estimate is timed at most.
    flows : Path, optional
        Score the flows of another tool instead: ``flows/<dataset>/<sequence>.flo``.
    out : Path, optional
        Folder that gets one flow file per pair, in that same layout.
    value_range, truth_format : optional
        As of ``flowcore.data.files.read_pair``.
    prepare : callable
        What is done to every pair first, such as compressing it.
    store : RunStore, optional
        Gets every score as soon as it is there. What it holds of the same frames, truth, config
        and weights is taken from it, so that a run which was cut short is soon where it was.
    continued : int, optional
        A run of the store that goes on: the pairs that it has aren't even read again.

    Raises
    ------
    ModelError
        The model cannot be had.
    StoreError
        The store cannot be read or written.
    """
    store = RunStore() if store is None else store
    on: dict[str, Any] = {"threads": threads, "device": device}
    computed = Counter[str]()  # pairs of each set
    with _recorded(store, facts_of(dataset, config, **on), continued) as number:
        there = {} if continued is None else store.outcomes(continued)
        for position, files in enumerate(dataset.pairs):
            if position in there:
                yield there[position]
                continue
            target, key = out and _flow_file(out, files), ""
            try:
                pair = prepare(files.load(value_range=value_range, truth_format=truth_format))
                flow = None if flows is None else read_flow(_flow_file(flows, files))
                key = score_key(pair, flow or config, **on)
                is_written = target is None or target.is_file()
                found = store.find(key, files.dataset, files.sequence) if is_written else None
                if found is None:
                    is_checked = computed[files.dataset] < NUM_CHECKED
                    options = {**on, "runs": runs, "warm_up": not computed.total()}
                    computed[files.dataset] += 1
                    found, estimate = score_pair(
                        files, pair, config, flow=flow, is_checked=is_checked, **options
                    )
                    if target is not None:
                        target.parent.mkdir(parents=True, exist_ok=True)
                        write_flow(target, estimate.flow)
                outcome: PairScore | Failure = found
            except (ModelError, StoreError):
                raise
            except FlowcoreError as error:
                outcome = Failure(files.dataset, files.sequence, str(error))
            store.add(number, position, outcome, key)
            yield outcome


def facts_of(
    dataset: Dataset,
    config: PipelineConfig,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> RunFacts:
    """What the store calls the evaluation of this lane on this data set."""
    splits = {pair.split for pair in dataset.pairs}
    return RunFacts(
        place=dataset.place,
        layout=dataset.layout,
        split=splits.pop() if len(splits) == 1 else "",
        config=config,
        weights=weights_sha256(config.model),
        threads=threads,
        device=device,
        num_pairs=len(dataset.pairs),
    )


def score_key(
    pair: FramePair,
    config: PipelineConfig | FlowField,
    *,
    threads: int | None = None,
    device: str | None = None,
) -> str:
    """What the score of a pair depends on; other things than scores have keys of their own."""
    of_flow = estimate_key(pair, config, threads=threads, device=device)
    return f"score:{measure_key(of_flow, pair)}"


def score_pair(
    files: Pair,
    pair: FramePair,
    config: PipelineConfig,
    *,
    flow: FlowField | None = None,
    threads: int | None = None,
    device: str | None = None,
    runs: int = TIMED_RUNS,
    warm_up: bool = False,
    is_checked: bool = False,
) -> tuple[PairScore, Estimate]:
    """The numbers of one pair and the estimate behind them.

    Parameters
    ----------
    files : Pair
        What it is called.
    pair : FramePair
    config : PipelineConfig
    flow : FlowField, optional
        Of another tool, instead of an estimate.
    threads, device, runs : optional
        As of `evaluate`.
    warm_up : bool
        Run once before the clock starts, and see how much memory the estimate takes.
    is_checked : bool
        See whether a flow seems to be meant differently, which takes longer than a quick estimate.

    Raises
    ------
    FlowcoreError
        As of ``flowcore.pipeline.run``, or nothing can be measured.
    """
    on: dict[str, Any] = {"threads": threads, "device": device}
    estimate, metrics = _measured(pair, flow, config, **on, runs=runs, warm_up=warm_up)
    suspicions = _suspicions(pair, estimate) if is_checked else ()
    score = PairScore(files.dataset, files.sequence, metrics, estimate.timing, suspicions)
    return score, estimate


@contextmanager
def _recorded(store: RunStore, facts: RunFacts, continued: int | None) -> Iterator[int]:
    """The number of a run, of which the store is told how it ends."""
    if continued is not None:
        store.go_on(continued)
    number = store.begin(facts) if continued is None else continued
    try:
        yield number
    except FlowcoreError as error:
        store.end(number, "failed", error=str(error))
        raise
    except BaseException:
        store.end(number, "stopped")
        raise
    store.end(number, "done")


def _flow_file(folder: Path, files: Pair) -> Path:
    return folder / files.dataset / f"{files.sequence}.flo"


def _measured(
    pair: FramePair,
    flow: FlowField | None,
    config: PipelineConfig,
    *,
    threads: int | None,
    device: str | None,
    runs: int,
    warm_up: bool,
) -> tuple[Estimate, Mapping[str, Measurement]]:
    """The estimate of a pair, or the flow of another tool as one, and its numbers.

    Without truth the backward flow is estimated as well: the round trip is then all there is.
    """
    on: dict[str, Any] = {"threads": threads, "device": device}
    if flow is not None:
        estimate = external_estimate(pair, flow, name=config.model)
    else:
        estimate = _timed(pair, config, **on, warm_up=warm_up, runs=runs)
    if pair.truth is None:
        backward = run(pair.reversed(), config, **on).flow if flow is None else None
        return estimate, measure(estimate.flow, pair, backward=backward)
    metrics = measure_errors(estimate.flow, pair)
    if "epe" not in metrics:
        who = "the flow" if pair.truth.valid.any() else "the true flow"
        raise InputError(f"No error can be measured: {who} knows no pixel that counts.")
    return estimate, metrics


def _timed(pair: FramePair, config: PipelineConfig, *, warm_up: bool, **how: Any) -> Estimate:
    """The estimate; where it is the first one, with the memory that it takes."""
    if not warm_up:
        return run(pair, config, **how)
    load_model(config.model, chosen_device(how["device"]))  # its weights are not the estimate's
    with MemoryMeter() as memory:
        estimate = run(pair, config, warm_up=True, **how)
    assert estimate.timing is not None
    return replace(estimate, timing=replace(estimate.timing, peak_bytes=memory.peak_bytes))


def _suspicions(pair: FramePair, estimate: Estimate) -> tuple[str, ...]:
    """What seems to be meant differently, the truth or a flow of another tool."""
    flows = {"The true flow": pair.truth}
    if estimate.timing is None:
        flows["The external flow"] = estimate.flow
    found = (suspicion(what, flow, pair) for what, flow in flows.items() if flow is not None)
    return tuple(sentence for sentence in found if sentence)
