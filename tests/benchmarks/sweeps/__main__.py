"""What a sweep costs beside a plain loop, how it grows, and what it bears. One thread an estimate.

``python -m tests.benchmarks.sweeps overhead [NUM]``: NUM (1000) pairs of 512x384 with `dis_medium`:
a plain loop that reads, estimates and measures, and an in-process sweep with a store. They take
turns, 250 pairs at a time, so that other work on the machine meets both; each turn of the sweep
starts its engine anew.

``python -m tests.benchmarks.sweeps simulated [NUM ...]``: so many (10000 50000 100000) tasks of 100
lanes, whose scores are made up in the children: seconds of plan and engine, memory of this process,
size of the store; and of a plan that finds all of them.

``python -m tests.benchmarks.sweeps clusters [NUM]``: NUM (40) pairs of 512x384, six lanes: one task
at a time within the process, a LocalCluster of two processes, and two `dask worker` over TCP; their
seconds, and whether all numbers are the same to the bit.

``python -m tests.benchmarks.sweeps faults [NUM]``: NUM (20) sweeps of 96 estimates on two workers
over TCP; in each the client, a worker, or the scheduler with its workers is killed, by chance and
at a moment by chance, and started again. The table of each beside that of one left in peace.
"""

import sys

from tests.benchmarks.sweeps.clusters import time_clusters
from tests.benchmarks.sweeps.faults import count_faults
from tests.benchmarks.sweeps.overhead import time_overhead
from tests.benchmarks.sweeps.simulated import time_simulated

PARTS = {
    "overhead": time_overhead,
    "simulated": time_simulated,
    "clusters": time_clusters,
    "faults": count_faults,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](*map(int, sys.argv[2:]))
