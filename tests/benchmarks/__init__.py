"""Benchmarks: everything as a ratio, measured side by side in one run. `make bench`."""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # one thread for all; before numpy is loaded
