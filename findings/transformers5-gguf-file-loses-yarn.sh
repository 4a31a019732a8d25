#!/usr/bin/env bash
# transformers reads a GGUF whose keys say YaRN (qwen2.rope.scaling.type, .factor, .original_context_length: what llama.cpp's
# converter writes for Qwen2.5 set up for long texts) as a model without: rope of another kind, other answers at every
# length, no warning. max_position_embeddings still is the long one, so nothing stops a long prompt either.
#
# Seen with transformers 5.24.0, gguf 0.19.0 and torch 2.15.0:
#   keys of the file     yarn 4.0 32768
#   from_pretrained      {'rope_theta': 1000000.0, 'rope_type': 'default'} 131072
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 gguf==0.19.0 torch==2.15.0
cd "$work"
"$work/venv/bin/python" - <<'PY'
import os

import gguf
import transformers

os.mkdir("model")
writer = gguf.GGUFWriter("model/model.gguf", "qwen2")
writer.add_block_count(1)
writer.add_context_length(131072)
writer.add_embedding_length(32)
writer.add_feed_forward_length(64)
writer.add_head_count(2)
writer.add_head_count_kv(1)
writer.add_layer_norm_rms_eps(1e-6)
writer.add_rope_freq_base(1e6)
writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
writer.add_rope_scaling_factor(4.0)
writer.add_rope_scaling_orig_ctx_len(32768)
writer.add_tokenizer_model("gpt2")
writer.add_token_list(["a", "b"])
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

fields = gguf.GGUFReader("model/model.gguf").fields
written = [fields[f"qwen2.rope.scaling.{key}"].contents() for key in ("type", "factor", "original_context_length")]
print("keys of the file    ", *written)
config = transformers.AutoConfig.from_pretrained("model", gguf_file="model.gguf")
print("from_pretrained     ", config.rope_parameters, config.max_position_embeddings)
assert written == ["yarn", 4.0, 32768]
assert config.rope_parameters == {"rope_theta": 1e6, "rope_type": "default"}
assert config.max_position_embeddings == 131072
PY
