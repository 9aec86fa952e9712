"""How a peer written in Python answers: the protocol of `benches/src/serve.rs`, line by line.

First a line with the engine's name and the works that it can do, separated by tabs. Then, for each line `WORK ITERATIONS`,
one with the nanoseconds of the fastest iteration, the value that the last one computed, and a checksum of its gradient if it
gives one.
"""

import sys
import time


def checksum(gradient):
    """The sum of the elements, the one at i taken (i mod 7) + 1 times: it sees what is missing and what changed places."""
    return sum((i % 7 + 1) * float(g) for i, g in enumerate(gradient))


def serve(name, works, make):
    """Answers until the input ends. `make(work)` gives a function that does the work once: it returns a value, or a value
    and a gradient."""
    print(name, *works, sep="\t", flush=True)
    running = {}
    for line in sys.stdin:
        work, iterations = line.split()
        if work not in running:
            running[work] = make(work)
        run, fastest = running[work], float("inf")
        for _ in range(int(iterations)):
            start = time.perf_counter_ns()
            result = run()
            fastest = min(fastest, time.perf_counter_ns() - start)
        value, *gradient = result if isinstance(result, tuple) else (result,)
        print(fastest, float(value), *map(checksum, gradient), flush=True)
