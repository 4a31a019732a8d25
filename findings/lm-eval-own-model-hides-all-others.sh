#!/usr/bin/env bash
# A program that registers a model of its own in lm-evaluation-harness makes every built-in model vanish: get_model
# fills its list only where that is empty. "import lm_eval.models" before the registration keeps them.
#
# Seen with lm-eval 0.4.13:
#   registered alone           ValueError: ... Supported model names: mine
#   lm_eval.models first       DummyLM
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q lm-eval==0.4.13
cat >"$work/own.py" <<'PY'
import sys

if sys.argv[1] == "lm_eval.models first":
    import lm_eval.models
from lm_eval.api.model import LM
from lm_eval.api.registry import get_model, register_model


@register_model("mine")
class Mine(LM):
    def loglikelihood(self, requests): ...
    def loglikelihood_rolling(self, requests): ...
    def generate_until(self, requests): ...


try:
    found = get_model("dummy").__name__
except ValueError as error:
    found = f"ValueError: ... {str(error).split('! ')[1]}"
print(f"{sys.argv[1]:26}", found)
assert found == sys.argv[2], found
PY
"$work/venv/bin/python" "$work/own.py" "registered alone" "ValueError: ... Supported model names: mine"
"$work/venv/bin/python" "$work/own.py" "lm_eval.models first" DummyLM
