"""Bounded traffic: crews of workers, each worker a thread that takes a number of turns."""

from concurrent.futures import ThreadPoolExecutor
from random import Random


def drive(*crews, seed=7):
    """Runs (workers, turns, turn) crews at once; turn gets a Random of its worker's own. Errors end the service."""
    with ThreadPoolExecutor(sum(workers for workers, _, _ in crews)) as pool:
        futures = [
            pool.submit(work, turn, turns, Random(f"{seed}/{turn.__name__}/{number}"))
            for workers, turns, turn in crews
            for number in range(workers)
        ]
        for future in futures:
            future.result()


def work(turn, turns, random):
    for _ in range(turns):
        turn(random)
