#!/bin/sh
# Makes the demo model anew: dialogues, tokenizer, weights, score. Needs requirements.txt installed.
#     examples/demo-model/make.sh [FOLDER FOR THE DIALOGUES]
set -eu
cd "$(dirname "$0")"
data=${1:-../../build/demo-model}
python=${PYTHON:-python3}
"$python" generate_data.py --out "$data" --eval eval.jsonl
"$python" train_tokenizer.py --data "$data" --out model
"$python" train.py --data "$data" --model model
"$python" train.py --data "$data" --model model --start model --steps 260 --practice 0 --lr 1.5e-3
"$python" evaluate.py --model model
