"""Prints MOTA and IDF1, in percent, as py-motmetrics has them: judge.py TRUTH TRACKS; nothing where it is missing."""

import sys
import warnings

warnings.filterwarnings("ignore")
try:
    import motmetrics
    import numpy as np
except ImportError:
    sys.exit()

# Gone from NumPy 2, still used by motmetrics.
if not hasattr(np, "asfarray"):
    np.asfarray = lambda values, dtype=float: np.asarray(values, dtype)

truth = motmetrics.io.loadtxt(sys.argv[1], fmt="mot15-2D", min_confidence=1)
found = motmetrics.io.loadtxt(sys.argv[2], fmt="mot15-2D")
pairs = motmetrics.utils.compare_to_groundtruth(truth, found, "iou", distth=0.5)
figures = motmetrics.metrics.create().compute(pairs, metrics=["mota", "idf1"], name="all").iloc[0]
print(figures.mota * 100, figures.idf1 * 100)
