"""Random checkpoints of any Qwen2.5 shape, for speed and memory figures: what counts there is the
shape and the format, and these are as large as the real ones without being a download.

    make_checkpoint.py OUT [OUT...] [--shape 7B] [--type bf16] [--tokenizer DIR] [--seed 1]
                       [--quantize PATH/llama-quantize]

An OUT that ends in .gguf is written as GGUF, another as a Hugging Face directory (bf16, f16, f32).
Types of GGUF: f32 f16 bf16 q8_0, and with --quantize, llama.cpp's program, every other type it
knows: q4_0, q4_k, q6_k ..., and the usual mixes q4_k_s, q4_k_m, q5_k_m. As in llama.cpp's own
files, the output matrix of a type smaller than q8_0 is q6_k.

Matrices are windows at random places into one pool of 2^24 normal numbers, quantized once, so that
a 7B file takes about as long as writing it, memory stays below a gigabyte, and the Hugging Face
directory and the GGUF files of one seed hold the same weights. What real checkpoints do to
quantizers is imitated: key biases with a norm of 600 to 900 in the first and last layers, where 22
is usual, and a few channels that the norm weights single out in every layer.

Needs PyPI numpy and gguf.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader, GGUFWriter, quants

POOL = 1 << 24
STDDEV = 0.02


@dataclass(frozen=True)
class Shape:
    """The numbers of config.json."""

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    vocab: int
    tied: bool
    head_dim: int = 0

    def head(self) -> int:
        """Give the size of one head."""
        return self.head_dim or self.hidden // self.heads


SHAPES = {
    "tiny": Shape(256, 512, 4, 4, 2, 1024, True),
    "0.5B": Shape(896, 4864, 24, 14, 2, 151936, True),
    "1.5B": Shape(1536, 8960, 28, 12, 2, 151936, True),
    "3B": Shape(2048, 11008, 36, 16, 2, 151936, True),
    "7B": Shape(3584, 18944, 28, 28, 4, 152064, False),
    "14B": Shape(5120, 13824, 48, 40, 8, 152064, False),
    "32B": Shape(5120, 27648, 64, 40, 8, 152064, False),
    "72B": Shape(8192, 29568, 80, 64, 8, 152064, False),
}

GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name: str) -> str:
    """Translate a tensor name of Hugging Face."""
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    stem, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{GGUF_NAMES[stem]}.{kind}"


def tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """List names, in Hugging Face's terms, and shapes."""
    queries, keys = shape.heads * shape.head(), shape.kv_heads * shape.head()
    yield "model.embed_tokens.weight", (shape.vocab, shape.hidden)
    for i in range(shape.layers):
        layer = f"model.layers.{i}"
        yield f"{layer}.input_layernorm.weight", (shape.hidden,)
        for name, outs in (("q", queries), ("k", keys), ("v", keys)):
            yield f"{layer}.self_attn.{name}_proj.weight", (outs, shape.hidden)
            yield f"{layer}.self_attn.{name}_proj.bias", (outs,)
        yield f"{layer}.self_attn.o_proj.weight", (shape.hidden, queries)
        yield f"{layer}.post_attention_layernorm.weight", (shape.hidden,)
        yield f"{layer}.mlp.gate_proj.weight", (shape.inner, shape.hidden)
        yield f"{layer}.mlp.up_proj.weight", (shape.inner, shape.hidden)
        yield f"{layer}.mlp.down_proj.weight", (shape.hidden, shape.inner)
    yield "model.norm.weight", (shape.hidden,)
    if not shape.tied:
        yield "lm_head.weight", (shape.vocab, shape.hidden)


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one tensor, whatever the order of writing."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def vector(name: str, size: int, shape: Shape, seed: int) -> npt.NDArray[np.float32]:
    """Make a norm weight or a bias, with its outliers."""
    rng = generator(seed, name)
    values = rng.normal(size=size)
    if name.endswith("norm.weight"):
        values = np.exp(0.2 * values)
        # The same channels in all layers stand out, as in trained models.
        outliers = generator(seed, "outlier channels").choice(size, 6, replace=False)
        values[outliers] *= 30
    elif name.endswith("k_proj.bias"):
        layer = int(name.split(".")[2])
        huge = layer == 0 or layer == shape.layers - 1
        norm = rng.uniform(600, 900) if huge else 22.0
        if huge:  # a few dimensions carry most of it
            values *= np.where(rng.random(size) < 0.05, 12.0, 1.0)
        values *= norm / np.linalg.norm(values)
    else:
        values *= 0.2
    return values.astype(np.float32)


def mixed_type(mix: str, name: str, shape: Shape) -> str:
    """Say what llama.cpp's mixes make of a matrix (llama-quant.cpp, llama_tensor_get_type)."""
    output = "model.embed_tokens.weight" if shape.tied else "lm_head.weight"
    if name == output and mix not in ("f32", "f16", "bf16", "q8_0"):
        return "q6_k"
    base, _, size = mix.rpartition("_")
    if size not in ("s", "m") or not base.endswith("_k"):
        return mix
    if name.startswith("model.layers."):
        layer, eighth = int(name.split(".")[2]), shape.layers // 8
        more = layer < eighth or layer >= 7 * shape.layers // 8 or (layer - eighth) % 3 == 2
        if size == "m" and more and ("v_proj" in name or "down_proj" in name):
            return "q6_k"
        if size == "s" and base == "q4_k" and layer < (4 if "v_proj" in name else eighth):
            return "q5_k" if "v_proj" in name or "down_proj" in name else base
    return base


# What llama.cpp takes where a row is not a whole number of blocks; of another type: q8_0.
FALLBACKS = {"q4_k": "q5_0", "q5_k": "q5_1"}


class Pool:
    """The pool in each type that is asked for, made once."""

    def __init__(self, seed: int, quantize: str | None) -> None:
        values = np.random.default_rng(seed).normal(0, STDDEV, POOL)
        self.f32 = values.astype(np.float32)
        self.quantize = quantize
        self.bytes: dict[str, npt.NDArray[np.uint8]] = {}

    def of(self, kind: str) -> npt.NDArray[np.uint8]:
        """Give the pool's bytes in a type."""
        if kind not in self.bytes:
            quantization = GGMLQuantizationType[kind.upper()]
            try:
                made = quants.quantize(self.f32.reshape(-1, 4096), quantization)
                self.bytes[kind] = np.ascontiguousarray(made).view(np.uint8).reshape(-1)
            except NotImplementedError:
                self.bytes[kind] = self.by_program(kind)
        return self.bytes[kind]

    def by_program(self, kind: str) -> npt.NDArray[np.uint8]:
        """Let llama.cpp's llama-quantize do it, on a model whose one large matrix is the pool."""
        if self.quantize is None:
            sys.exit(f"make_checkpoint.py: {kind} needs --quantize PATH of llama-quantize")
        inner = POOL // 4096
        shape = Shape(4096, inner, 1, 32, 32, 256, True)
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "pool.gguf", Path(folder) / "quantized.gguf"
            writer = gguf_header(source, shape, None)
            for name, dims in tensors(shape):
                data = self.f32[: int(np.prod(dims))].reshape(dims)
                writer.add_tensor(gguf_name(name), data)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            command = [self.quantize, "--pure", str(source), str(target), kind.upper()]
            subprocess.run(
                command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            for tensor in GGUFReader(target).tensors:
                if tensor.name == "blk.0.ffn_up.weight" and tensor.tensor_type.name == kind.upper():
                    return np.array(tensor.data, dtype=np.uint8).reshape(-1)
        sys.exit(f"make_checkpoint.py: {self.quantize} made no {kind}")

    def matrix(
        self, name: str, dims: tuple[int, ...], kind: str, seed: int
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Give the bytes of a matrix, in pieces of a whole number of rows."""
        source = self.of(kind)
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind.upper()]]
        rng = generator(seed, name)
        left = int(np.prod(dims))
        while left > 0:
            # Windows of 256: whole blocks of every type, and the same numbers in all of them.
            count = min(left, POOL // 2)
            start = int(rng.integers(0, (POOL - count) // 256 + 1)) * 256
            yield source[start // block * size : (start + count) // block * size]
            left -= count


def gguf_header(path: Path, shape: Shape, tokenizer: Path | None) -> GGUFWriter:
    """Open a file and add its metadata."""
    writer = GGUFWriter(path, "qwen2")
    writer.add_name(path.stem)
    writer.add_context_length(32768)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(shape.vocab)
    if tokenizer is None:
        writer.add_tokenizer_model("none")
        return writer
    data = json.loads((tokenizer / "tokenizer.json").read_text(encoding="utf-8"))
    words = {index: word for word, index in data["model"]["vocab"].items()}
    kinds = dict.fromkeys(words, 1)
    for token in data["added_tokens"]:
        words[token["id"]] = token["content"]
        kinds[token["id"]] = 3 if token["special"] else 4
    merges = [m if isinstance(m, str) else " ".join(m) for m in data["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([words.get(i, f"[PAD{i}]") for i in range(shape.vocab)])
    writer.add_token_types([kinds.get(i, 5) for i in range(shape.vocab)])
    writer.add_token_merges(merges)
    ids = {word: index for index, word in words.items()}
    writer.add_eos_token_id(ids.get("<|im_end|>", 0))
    writer.add_pad_token_id(ids.get("<|endoftext|>", 0))
    writer.add_add_bos_token(False)
    config = tokenizer / "tokenizer_config.json"
    if config.exists():
        template = json.loads(config.read_text(encoding="utf-8")).get("chat_template")
        if isinstance(template, str):
            writer.add_chat_template(template)
    return writer


def write_gguf(
    path: Path, shape: Shape, mix: str, pool: Pool, seed: int, tokenizer: Path | None
) -> None:
    """Write a GGUF file, tensor by tensor."""
    writer = gguf_header(path, shape, tokenizer)
    plan = []
    for name, dims in tensors(shape):
        kind = mixed_type(mix, name, shape) if len(dims) == 2 else "f32"
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind.upper()]]
        if dims[-1] % block != 0:
            kind = FALLBACKS.get(kind, "q8_0")
            block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind.upper()]]
        plan.append((name, dims, kind))
        if kind in ("f32", "f16"):
            numbers = np.dtype(np.float32 if kind == "f32" else np.float16)
            writer.add_tensor_info(gguf_name(name), dims, numbers, int(np.prod(dims)) * size)
        else:
            row = (*dims[:-1], dims[-1] // block * size)
            writer.add_tensor_info(
                gguf_name(name),
                row,
                np.dtype(np.uint8),
                int(np.prod(row)),
                GGMLQuantizationType[kind.upper()],
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for name, dims, kind in plan:
        if len(dims) == 1:
            writer.write_tensor_data(vector(name, dims[0], shape, seed))
        else:
            writer.write_tensor_data(np.concatenate(list(pool.matrix(name, dims, kind, seed))))
    writer.close()


def write_hugging_face(
    folder: Path, shape: Shape, kind: str, pool: Pool, seed: int, tokenizer: Path | None
) -> None:
    """Write a Hugging Face directory, tensor by tensor."""
    width = {"f32": 4, "f16": 2, "bf16": 2}.get(kind)
    if width is None:
        sys.exit(f"make_checkpoint.py: a Hugging Face directory is f32, f16 or bf16, not {kind}")
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": shape.vocab,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": shape.tied,
        "hidden_act": "silu",
        "use_sliding_window": False,
        "eos_token_id": 151645 if shape.vocab > 151645 else 0,
        "torch_dtype": {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}[kind],
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for part in ("tokenizer.json", "tokenizer_config.json"):
        if tokenizer is not None and (tokenizer / part).exists():
            (folder / part).write_bytes((tokenizer / part).read_bytes())
    header: dict[str, object] = {}
    end = 0
    for name, dims in tensors(shape):
        start, end = end, end + int(np.prod(dims)) * width
        header[name] = {"dtype": kind.upper(), "shape": list(dims), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, dims in tensors(shape):
            if len(dims) == 1:
                values = vector(name, dims[0], shape, seed).reshape(1, -1)
                file.write(quants.quantize(values, GGMLQuantizationType[kind.upper()]).tobytes())
            else:
                for piece in pool.matrix(name, dims, kind, seed):
                    file.write(piece.tobytes())


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", nargs="+", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="7B")
    parser.add_argument("--layers", type=int, help="other than the shape's own")
    parser.add_argument("--type", default="bf16")
    parser.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json")
    parser.add_argument("--quantize", help="path of llama-quantize")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    shape = SHAPES[options.shape]
    if options.layers is not None:
        shape = Shape(**{**shape.__dict__, "layers": options.layers})
    pool = Pool(options.seed, options.quantize)
    for out in options.out:
        write = write_gguf if out.suffix == ".gguf" else write_hugging_face
        write(out, shape, options.type.lower(), pool, options.seed, options.tokenizer)


if __name__ == "__main__":
    main()
