"""Trains the demo model on the generated dialogues and writes it in the Hugging Face layout.

    python train.py --data DIR --model model [--start model] [--steps N] [--practice P]

From step P on the dialogues are those of practice.jsonl, before that those of train.jsonl.

Training is data-parallel over W processes of one thread each: on two shared cores that took 0.75 s
of CPU for 4,096 tokens, where one process of two OpenMP threads took 2 to 5 s.

The loss is on the assistant's tokens. Dialogues are batched by length and never joined, so that
positions are those of real use. Weights are rounded to bfloat16 when saved; evaluate.py scores the
rounded model.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import chat
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import distributed, multiprocessing
from torch.nn import functional
from transformers import AttentionInterface, AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

CONFIG = {
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "attention_dropout": 0.0,
    "use_sliding_window": False,
    "use_cache": True,
}
BATCH_TOKENS = 3072
MAX_LENGTH = 640

Example = tuple[list[int], list[bool]]  # token ids, and whether each is learned
Corpora = dict[str, list[Example]]


def encode(dialogue: dict[str, Any], tokenizer: Tokenizer) -> Example:
    """The dialogue's ids; learned are the assistant's contents with the closing <|im_end|>."""
    messages: list[chat.Message] = []
    system: str = dialogue["system"]
    if system not in ("default", "none"):
        messages.append({"role": "system", "content": system})
    for user, assistant in dialogue["turns"]:
        messages.append({"role": "user", "content": user})
        messages.append({"role": "assistant", "content": assistant})
    ids = tokenizer.encode(chat.render(messages, default_system=system != "none")).ids
    header = tokenizer.encode("<|im_start|>assistant\n").ids
    end = tokenizer.token_to_id("<|im_end|>")
    learned = [False] * len(ids)
    inside = False
    for i, token in enumerate(ids):
        learned[i] = inside
        if inside and token == end:
            inside = False
        elif ids[max(0, i - len(header) + 1) : i + 1] == header:
            inside = True
    return ids, learned


def read(path: Path, tokenizer: Tokenizer) -> list[Example]:
    """All dialogues of a file but the few that are too long."""
    with open(path, encoding="utf-8") as file:
        examples = [encode(json.loads(line), tokenizer) for line in file]
    return [example for example in examples if len(example[0]) <= MAX_LENGTH]


def batches(examples: list[Example], rng: random.Random) -> list[list[Example]]:
    """Batches of about BATCH_TOKENS tokens, of examples of like length, in random order."""
    order = sorted(examples, key=lambda example: (len(example[0]), rng.random()))
    result: list[list[Example]] = []
    batch: list[Example] = []
    for example in order:
        if batch and len(example[0]) * (len(batch) + 1) > BATCH_TOKENS:
            result.append(batch)
            batch = []
        batch.append(example)
    result.append(batch)
    rng.shuffle(result)
    return result


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Causal attention in float32: its bfloat16 gradient is seven times slower on a CPU."""
    groups = query.shape[1] // key.shape[1]
    with torch.autocast("cpu", enabled=False):
        output = functional.scaled_dot_product_attention(
            query.float(),
            key.float().repeat_interleave(groups, 1),
            value.float().repeat_interleave(groups, 1),
            is_causal=True,
            scale=scaling,
        )
    return output.transpose(1, 2).contiguous().to(value.dtype), None


def loss_of(model: Qwen2ForCausalLM, batch: list[Example], pad: int) -> torch.Tensor:
    """Summed cross entropy of the learned tokens; right padding needs no mask when causal."""
    width = max(len(ids) for ids, _ in batch)
    ids = torch.full((len(batch), width), pad)
    learned = torch.zeros((len(batch), width), dtype=torch.bool)
    for row, (tokens, flags) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        learned[row, : len(flags)] = torch.tensor(flags)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        chosen = hidden[:, :-1][learned[:, 1:]]
        logits = model.lm_head(chosen)
    targets = ids[:, 1:][learned[:, 1:]]
    return functional.cross_entropy(logits.float(), targets, reduction="sum")


def add_over_workers(model: Qwen2ForCausalLM) -> None:
    """Every worker's gradients become the sum of all."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    parts = flat.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def learning_rate(step: int, steps: int) -> float:
    """Of the peak: a short warm-up, a plateau, and a straight line down over the last 30 %."""
    return min(1.0, (step + 1) / 50, (steps - step) / (0.3 * steps))


class Optimizer:
    """Muon (Jordan et al., 2024) for the matrices of the layers, AdamW for all the rest.

    Muon costs about as much as the gradients of a small batch, so that every worker does its share
    of the matrices and then hands them to the others.
    """

    def __init__(self, model: Qwen2ForCausalLM, args: argparse.Namespace, rank: int) -> None:
        layers = [p for p in model.model.layers.parameters() if p.ndim == 2]
        known = {id(p) for p in layers}
        rest = [p for p in model.parameters() if id(p) not in known]
        self.peak: float = args.lr
        self.shares = [layers[worker :: args.workers] for worker in range(args.workers)]
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(self.shares[rank], weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
        ]

    def step(self, rate: float) -> None:
        """One step at `rate` times the peak learning rate."""
        for part in self.parts:
            part.param_groups[0]["lr"] = self.peak * rate
            part.step()
        for worker, share in enumerate(self.shares):
            flat = torch.cat([p.detach().flatten() for p in share])
            distributed.broadcast(flat, worker)
            for p, values in zip(share, flat.split([p.numel() for p in share]), strict=True):
                p.detach().copy_(values.view_as(p))


def train(
    model: Qwen2ForCausalLM, corpora: Corpora, pad: int, args: argparse.Namespace, rank: int
) -> None:
    """Runs the optimizers for `args.steps` steps; the same call in every worker."""
    rng = random.Random(2)
    optimizer = Optimizer(model, args, rank)
    queue: list[list[Example]] = []
    start, seen, mean = time.monotonic(), 0, 0.0
    for step in range(args.steps):
        if not queue or step == args.practice:
            queue = batches(corpora["practice" if step >= args.practice else "train"], rng)
        batch = queue.pop()
        while len(batch) < args.workers:
            batch = batch + queue.pop()
        learned = sum(sum(flags) for _, flags in batch)
        loss = loss_of(model, batch[rank :: args.workers], pad) / learned
        model.zero_grad(set_to_none=True)
        loss.backward()
        add_over_workers(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step(learning_rate(step, args.steps))
        seen += sum(len(ids) for ids, _ in batch)
        mean += (args.workers * loss.item() - mean) / min(step + 1, 50)
        if rank == 0 and ((step + 1) % 50 == 0 or step + 1 == args.steps):
            spent = time.monotonic() - start
            print(
                f"step {step + 1}/{args.steps} loss {mean:.4f} tokens {seen} time {spent:.0f} s",
                flush=True,
            )


def save(model: Qwen2ForCausalLM, config: dict[str, object], end: int, pad: int, out: Path) -> None:
    """Writes config.json, generation_config.json and the weights in bfloat16."""
    state = {
        name: tensor.detach().to(torch.bfloat16).contiguous()
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"
    }
    save_file(state, out / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "torch_dtype": "bfloat16",
        **config,
    }
    generation = {
        "bos_token_id": pad,
        "eos_token_id": [end, pad],
        "pad_token_id": pad,
        "do_sample": True,
        "temperature": 0.3,
        "top_k": 20,
        "top_p": 0.8,
        "repetition_penalty": 1.0,
    }
    for name, content in (("config.json", config), ("generation_config.json", generation)):
        (out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def worker(rank: int, args: argparse.Namespace, corpora: Corpora, meeting: str) -> None:
    """One process of the training; the first one reports and saves."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=args.workers
    )
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    end, pad = (tokenizer.token_to_id(token) for token in ("<|im_end|>", "<|endoftext|>"))
    config = {**CONFIG, "vocab_size": tokenizer.get_vocab_size()}
    config |= {"bos_token_id": pad, "eos_token_id": end}
    AttentionInterface.register("training", attention)
    model = Qwen2ForCausalLM(Qwen2Config(**config, attn_implementation="training"))
    if args.start:
        weights = load_file(args.start / "model.safetensors")
        model.load_state_dict({name: w.float() for name, w in weights.items()}, strict=False)
    if rank == 0:
        print(f"{model.num_parameters()} parameters", flush=True)
    model.train()
    train(model, corpora, pad, args, rank)
    if rank == 0:
        save(model, config, end, pad, args.model)
    distributed.destroy_process_group()


def main() -> None:
    """Encodes the dialogues and starts the workers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--model", type=Path, required=True, help="has the tokenizer; gets the weights"
    )
    parser.add_argument("--steps", type=int, default=960)
    parser.add_argument("--practice", type=int, default=300)
    parser.add_argument("--start", type=Path, help="go on from the weights of this model")
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    probe: list[chat.Message] = [{"role": "user", "content": "Привет!"}]
    template = AutoTokenizer.from_pretrained(args.model).apply_chat_template(probe, tokenize=False)
    assert chat.render(probe) == template
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    corpora = {name: read(args.data / f"{name}.jsonl", tokenizer) for name in ("train", "practice")}
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.start_processes(
            worker,
            (args, corpora, f"{folder}/meeting"),
            nprocs=args.workers,
            start_method="fork",
        )


if __name__ == "__main__":
    main()
