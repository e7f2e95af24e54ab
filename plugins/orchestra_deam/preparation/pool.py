"""Runs jobs in parallel processes: few in flight at a time, and no job, not even one that kills its process, stops the rest."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

J = TypeVar("J")
R = TypeVar("R")

#: Modules that workers share in memory where processes can be forked.
_SHARED = ["orchestra_deam.preparation.computing"]
_IN_FLIGHT = 4


def run_jobs(work: Callable[[J], R], jobs: Iterable[J], workers: int, died: Callable[[J], R]) -> Iterator[R]:
    """Yield the result of each job, in the order in which they are done.

    Parameters
    ----------
    work : callable
        Does a job; importable, and raises nothing that shall not stop the rest.
    jobs : iterable
        What is to be done; taken from as work goes on, so that it may be long.
    workers : int
        Processes of one thread each; 0 does the work in this one.
    died : callable
        Gives the result of a job whose process died of it, such as by a fault in a decoder.

    Yields
    ------
    object
        Results of `work` or `died`.
    """
    if workers == 0:
        yield from map(work, jobs)
        return
    rest = iter(jobs)
    while True:
        suspects: list[J] = []
        yield from _until_broken(work, rest, workers, suspects)
        if not suspects:
            return
        # One by one, to find out which of those in flight it was.
        for job in suspects:
            alone: list[J] = []
            yield from _until_broken(work, iter([job]), 1, alone)
            yield from map(died, alone)


def _until_broken(work: Callable[[J], R], jobs: Iterator[J], workers: int, suspects: list[J]) -> Iterator[R]:
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin)
    flying: dict[Future[R], J] = {}
    try:
        while True:
            _launch(pool, work, islice(jobs, _IN_FLIGHT * workers - len(flying)), flying)
            if not flying:
                return
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                job = flying.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(job)
                else:
                    yield future.result()
            if suspects:
                suspects += flying.values()
                return
    finally:  # an interruption must not wait for the whole corpus
        pool.shutdown(cancel_futures=True)


def _launch(pool: ProcessPoolExecutor, work: Callable[[J], R], jobs: Iterable[J], flying: dict[Future[R], J]) -> None:
    for job in jobs:
        try:
            flying[pool.submit(work, job)] = job
        except BrokenProcessPool as error:
            # The pool broke between two looks at it; this job goes the way of those in flight.
            broken: Future[Any] = Future()
            broken.set_exception(error)
            flying[broken] = job


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_SHARED)
    return context


def _begin() -> None:
    import torch

    torch.set_num_threads(1)
    gc.freeze()  # what is imported stays: it need not be searched for garbage, nor copied where memory is shared
