"""Looking at answers and at speed: pages and pictures for notebooks, browsers and files.

    import tlite.viz
    scored = tlite.viz.score(model, "Столица России — Москва.")   # or of(generation)
    tlite.viz.heat_map(scored).save("heat.html")     # how likely each token was, others on hover
    tlite.viz.entropy(scored).save("entropy.png")    # how unsure the model was, token by token
    tlite.viz.bench("bench.json").save("speed.html")  # of `tlite bench --json` or engine_bench

The heat map is plain HTML without a script. The curves need matplotlib (`pip install tlite[viz]`);
`score` needs numpy. What comes from tokens or files is only ever shown, never run.
"""

from ._bench import bench
from ._entropy import entropy
from ._heat import heat_map
from ._page import Chart, Page
from ._scores import Scored, ScoredToken, of, score

__all__ = ["Chart", "Page", "Scored", "ScoredToken", "bench", "entropy", "heat_map", "of", "score"]
