"""python -m tlite.lm_eval: the same as tlite-lm-eval."""

from .command import main

main()
