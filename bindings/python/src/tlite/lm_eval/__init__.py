"""libtlite as a model of lm-evaluation-harness 0.4.13.

    tlite-lm-eval run --model tlite --model_args pretrained=T-lite-it-1.0 --tasks ...

is the harness's own command, in which `tlite` is one more model; in a program it is

    lm_eval.simple_evaluate(model=TliteLM("T-lite-it-1.0"), tasks=[...])

The scores are those of the harness's own `hf` model, which needs torch where this does not. What
each argument does: docs/python-lm-eval.md. Needs the extra: pip install 'tlite[lm-eval]'.
"""

try:
    # The harness fills its list of models only where that is empty: before ours is in it.
    import lm_eval.models  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"tlite.lm_eval needs lm-evaluation-harness 0.4.13 ({error}): pip install 'tlite[lm-eval]'"
    ) from error

from .model import TliteLM

__all__ = ["TliteLM"]
