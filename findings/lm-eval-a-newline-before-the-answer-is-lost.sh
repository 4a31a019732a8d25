#!/usr/bin/env bash
# loglikelihood of lm-evaluation-harness never shows the model a newline at the end of the context where the tokenizer joins it to
# the letter before (Qwen's has ":\n" as one token): blanks at the end move to the continuation, both are encoded in one piece and
# cut at the number of tokens of the stripped context. The joined token lies across the cut, and its newline is in neither part.
# So "Ans:" and "Ans:\n" score alike, and "\n\n" shows up as one newline.
#
# Seen with lm-eval 0.4.13 and tokenizers 0.23.3, the continuation "Yes":
#   'Ans:'      A n s :           Y e s
#   'Ans:\n'    A n s :           Y e s
#   'Ans:\n\n'  A n s :           Ċ Y e s
#   'Ans \n'    A n s             Ġ Ċ Y e s
#   as fed      A n s :Ċ Y e s    (the tokenizer's own, for 'Ans:\nYes')
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q lm-eval==0.4.13 tokenizers==0.23.3
cat >"$work/score.py" <<'PY'
import tokenizers
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from tokenizers import models, pre_tokenizers

vocabulary = {piece: i for i, piece in enumerate(["A", "n", "s", ":", "Ċ", "Y", "e", "Ġ", ":Ċ"])}
tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=[(":", "Ċ")]))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def spelled(ids):
    return " ".join(tokenizer.id_to_token(i) for i in ids)


class Spy(TemplateLM):
    """Keeps what it is asked to score."""

    asked = ()
    eot_token_id = 0

    def tok_encode(self, string, **_):
        return tokenizer.encode(string).ids

    def _loglikelihood_tokens(self, requests, **_):
        self.asked = [(spelled(context), spelled(continuation)) for _, context, continuation in requests]
        return [(0.0, True)] * len(requests)

    def loglikelihood_rolling(self, requests, **_): ...
    def generate_until(self, requests, **_): ...


spy = Spy()
for context, expected in (
    ("Ans:", ("A n s :", "Y e s")),
    ("Ans:\n", ("A n s :", "Y e s")),
    ("Ans:\n\n", ("A n s :", "Ċ Y e s")),
    ("Ans \n", ("A n s", "Ġ Ċ Y e s")),
):
    spy.loglikelihood([Instance("loglikelihood", {}, (context, "Yes"), 0)], disable_tqdm=True)
    print(f"{context!r:11} {spy.asked[0][0]:17} {spy.asked[0][1]}")
    assert spy.asked[0] == expected, spy.asked
print(f"{'as fed':11} {spelled(tokenizer.encode('Ans:' + chr(10) + 'Yes').ids)}")
PY
"$work/venv/bin/python" "$work/score.py"
