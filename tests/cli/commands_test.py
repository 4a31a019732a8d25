"""Each command does what it says."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from cli import MODEL, CliTest, main
from npy import read_npy

GREETING = "Привет, мир! <|im_end|>\n"


class InfoTest(CliTest):
    """tlite info."""

    def test_json(self) -> None:
        """Everything as one JSON object; the parts of the memory add up."""
        info = self.run_ok("info", MODEL, "--json", "--context", "512").json
        self.assertEqual(info["config"]["architecture"], "qwen2")
        self.assertTrue(info["has_chat_template"])
        memory = info["memory"]
        parts = ("weights", "weights_resident", "kv_cache", "scratch")
        self.assertEqual(memory["context"], 512)
        self.assertEqual(memory["total"], sum(memory[part] for part in parts))
        read = self.run_ok("info", MODEL, "--json", "--context", "512", "--no-mmap").json["memory"]
        self.assertEqual(read["weights"], 0)
        self.assertGreaterEqual(read["total"], memory["total"])
        self.assertEqual(
            (read["kv_cache"], read["scratch"]), (memory["kv_cache"], memory["scratch"])
        )

    def test_table(self) -> None:
        """A table for the reader."""
        text = self.run_ok("info", MODEL).text
        for word in ("parameters", "layers", "KV cache", "memory"):
            self.assertIn(word, text)


class WarningTest(CliTest):
    """What the library says in its log."""

    def test_defaults(self) -> None:
        """A bad generation_config.json is a line on stderr, and the answer comes."""
        with tempfile.TemporaryDirectory() as directory:
            model = Path(directory) / "model"
            shutil.copytree(MODEL, model)
            (model / "generation_config.json").write_text('{"do_sample": false, "top_p": 0,\n}')
            result = self.call("generate", str(model), "--prompt", "Привет", "-n", "3")
            self.assertEqual(result.status, 0)
            self.assertIn("line 2: a comma before", result.error)
            self.assertIn("top_p: 0 is not in (0, 1]; the default counts", result.error)


class TokenTest(CliTest):
    """tlite tokenize and detokenize."""

    def ids(self, *arguments: str, stdin: str = "") -> list[int]:
        """The ids that tokenize prints."""
        ids = self.run_ok("tokenize", MODEL, *arguments, "--json", stdin=stdin).json
        assert isinstance(ids, list)
        return ids

    def test_round_trip(self) -> None:
        """Text, file and stdin give the same ids, and these the text."""
        ids = self.ids(GREETING)
        self.assertEqual(self.ids("--file", self.file("text", GREETING)), ids)
        self.assertEqual(self.ids(stdin=GREETING), ids)
        words = [str(i) for i in ids]
        self.assertEqual(self.run_ok("detokenize", MODEL, *words).text, GREETING)
        plain = self.run_ok("detokenize", MODEL, *words, "--skip-special").text
        self.assertEqual(plain, GREETING.replace("<|im_end|>", ""))

    def test_special(self) -> None:
        """Special tokens are one id, or text."""
        self.assertEqual(len(self.ids("<|im_end|>")), 1)
        self.assertEqual(self.ids("<|im_end|>", "--special", "all"), self.ids("<|im_end|>"))
        self.assertGreater(len(self.ids("<|im_end|>", "--special", "none")), 1)

    def test_lines(self) -> None:
        """One array a line, the lines being JSON strings."""
        texts = ["a", "", "строка\nвторая", "🙂"]
        lines = self.file("lines", "\n".join(json.dumps(text) for text in texts))
        out = self.run_ok("tokenize", MODEL, "--lines", lines, "--json").text.splitlines()
        self.assertEqual([json.loads(line) for line in out], [self.ids(text) for text in texts])

    def test_readable(self) -> None:
        """Without --json: an id and its bytes a line."""
        lines = self.run_ok("tokenize", MODEL, "Привет").text.splitlines()
        self.assertEqual([int(line.split("\t")[0]) for line in lines], self.ids("Привет"))


class TemplateTest(CliTest):
    """tlite template."""

    def test_prompt(self) -> None:
        """Exactly the template's text, ending with the assistant's header where asked."""
        messages = self.file("m.json", [{"role": "user", "content": "<|im_end|>"}])
        plain = self.run_ok("template", MODEL, "--messages", messages).text
        self.assertTrue(plain.endswith("<|im_start|>user\n<|im_end|><|im_end|>\n"), plain)
        more = self.run_ok("template", MODEL, "--messages", messages, "--add-generation-prompt")
        self.assertEqual(more.text, plain + "<|im_start|>assistant\n")

    def test_json(self) -> None:
        """What the user typed is marked."""
        stdin = json.dumps([{"role": "user", "content": "<|im_end|>"}])
        result = self.run_ok("template", MODEL, "--messages", "-", "--json", stdin=stdin).json
        text = result["text"].encode()
        literal = [text[begin:end].decode() for begin, end in result["literal"]]
        self.assertEqual(literal, ["user", "<|im_end|>"])


class QuantizeTest(CliTest):
    """tlite quantize."""

    def test_file(self) -> None:
        """The file is a complete model; its answer begins as the source's does."""
        out = self.run_ok("quantize", MODEL, "model.gguf", "--type", "Q8_0").text
        self.assertRegex(out, r"^model\.gguf: \d+\.\d MB\n$")
        info = self.run_ok("info", "model.gguf", "--json").json
        self.assertEqual((info["format"], info["weight_type"]), ("gguf", "q8_0"))
        self.assertEqual([path.name for path in self.folder.glob("model*")], ["model.gguf"])
        answers = [
            self.run_ok("generate", m, "--prompt", "Привет!", "--greedy", "-n", "4", "--json").json
            for m in (MODEL, "model.gguf")
        ]
        self.assertEqual(answers[0]["prompt_tokens"], answers[1]["prompt_tokens"])
        self.assertEqual(answers[0]["token_ids"], answers[1]["token_ids"])

    def test_requantize(self) -> None:
        """What is quantized is quantized again only where that is asked for."""
        self.run_ok("quantize", MODEL, "q8.gguf", "--type", "q8_0", "--threads", "1")
        refused = self.call("quantize", "q8.gguf", "q4.gguf", "--type", "q4_0")
        self.assertEqual(refused.status, 1)
        self.assertIn("q8_0 to q6_k, which loses twice", refused.error)
        self.assertFalse((self.folder / "q4.gguf").exists())
        self.run_ok("quantize", "q8.gguf", "q4.gguf", "--type", "q4_0", "--allow-requantize")


class ImatrixTest(CliTest):
    """tlite imatrix."""

    def test_file(self) -> None:
        """The same from a directory and from the GGUF file of its weights, by file and by stdin."""
        text = self.file("text", "Столица Франции — Париж. The capital of France is Paris.\n" * 20)
        self.run_ok("quantize", MODEL, "model.gguf", "--type", "bf16")
        flags = ["--file", text, "-c", "32", "--chunks", "3"]
        out = self.run_ok("imatrix", MODEL, *flags, "-o", "a.gguf", "--threads", "1").text
        self.assertRegex(out, r"^a\.gguf: \d+\.\d kB, of 3 chunks of 32 tokens\n$")
        self.run_ok("imatrix", "model.gguf", *flags, "-o", "b.gguf")
        written = (self.folder / "a.gguf").read_bytes()
        self.assertEqual((self.folder / "b.gguf").read_bytes(), written)
        # All but the name of the text, which comes before the numbers.
        flags[1] = "-"
        stdin = Path(text).read_text("utf-8")
        self.run_ok("imatrix", MODEL, *flags, "-o", "c.gguf", stdin=stdin)
        self.assertEqual((self.folder / "c.gguf").read_bytes()[-1000:], written[-1000:])
        every = self.run_ok("imatrix", MODEL, "--file", text, "-c", "32", "-o", "d.gguf").text
        self.assertGreater(int(every.split(" chunks")[0].split()[-1]), 3)
        self.assertEqual(len(list(self.folder.iterdir())), 6)

    def test_special(self) -> None:
        """Special tokens are text, or tokens where that is asked for."""
        flags = ["--file", self.file("text", "<|im_end|>" * 64), "-c", "64", "-o", "i.gguf"]
        asked = self.run_ok("imatrix", MODEL, *flags, "--parse-special").text
        self.assertIn("of 1 chunks of 64 tokens", asked)
        self.assertNotEqual(self.run_ok("imatrix", MODEL, *flags).text, asked)

    def test_quantize(self) -> None:
        """Both formats give quantize the same weights, others than without.

        Chunks of a power of two: the means in the older format are the sums over it, unrounded.
        """
        text = self.file("text", "1 + 2 = 3. " * 200)
        files = []
        for name in ("i.gguf", "i.dat"):
            self.run_ok("imatrix", MODEL, "--file", text, "-c", "64", "-o", name)
            self.run_ok("quantize", MODEL, "q.gguf", "--type", "q4_k_m", "--imatrix", name)
            files.append((self.folder / "q.gguf").read_bytes())
        self.assertEqual(files[0][-(10**6) :], files[1][-(10**6) :])
        self.run_ok("quantize", MODEL, "q.gguf", "--type", "q4_k_m")
        self.assertNotEqual((self.folder / "q.gguf").read_bytes()[-(10**6) :], files[0][-(10**6) :])
        self.assertEqual((self.folder / "i.dat").read_bytes()[:4], b"\x1c\0\0\0")  # 4 layers x 7


class LogitsTest(CliTest):
    """tlite logits."""

    def test_rows(self) -> None:
        """A row a position, more than fit in a batch; --last is the last of them, bit for bit."""
        ids = [(i * 7) % 200 for i in range(130)]
        path = self.file("ids.json", ids)
        out = self.folder / "all.npy"
        self.run_ok("logits", MODEL, "--ids", path, "--out", str(out))
        shape, values = read_npy(out)
        vocabulary = self.run_ok("info", MODEL, "--json").json["config"]["vocab_size"]
        self.assertEqual(shape, (130, vocabulary))
        self.assertEqual(len(values), 130 * vocabulary)
        last = self.folder / "last.npy"
        self.run_ok("logits", MODEL, "--ids", path, "--out", str(last), "--last")
        shape, row = read_npy(last)
        self.assertEqual(shape, (1, vocabulary))
        self.assertEqual(row.tobytes(), values[-vocabulary:].tobytes())
        piped = self.run_ok("logits", MODEL, "--ids", path, "--out", "-", "--last")
        self.assertEqual(piped.bytes, last.read_bytes())
        self.assertFalse((self.folder / "-").exists())

    def test_greedy(self) -> None:
        """The largest logit is the token that greedy generation gives."""
        text = self.file("p", "Привет")
        result = self.run_ok(
            "generate", MODEL, "--file", text, "--raw", "--greedy", "-n", "1", "--json"
        )
        ids = self.run_ok("tokenize", MODEL, "Привет", "--json").text
        out = self.folder / "l.npy"
        self.run_ok("logits", MODEL, "--ids", self.file("i", ids), "--out", str(out), "--last")
        _, row = read_npy(out)
        self.assertEqual([row.index(max(row))], result.json["token_ids"])


class GenerateTest(CliTest):
    """tlite generate."""

    PROMPT = "Какая столица Франции?"

    def test_text(self) -> None:
        """The answer on stdout is the text of --json."""
        plain = self.run_ok("generate", MODEL, "--prompt", self.PROMPT, "--greedy")
        result = self.run_ok("generate", MODEL, "--prompt", self.PROMPT, "--greedy", "--json").json
        self.assertEqual(plain.text, result["text"] + "\n")
        self.assertIn("Париж", result["text"])
        self.assertEqual(result["finish_reason"], "end_of_text")
        self.assertEqual(result["generated_tokens"], len(result["token_ids"]))
        self.assertGreater(result["prompt_tokens"], 5)
        self.assertGreater(result["prefill_seconds"], 0)
        self.assertGreater(result["decode_seconds"], 0)

    def test_same_through_messages(self) -> None:
        """A prompt is a user's message; raw, the rendered template gives the same."""
        messages = self.file("m.json", [{"role": "user", "content": self.PROMPT}])
        one = self.run_ok("generate", MODEL, "--prompt", self.PROMPT, "--greedy", "--json").json
        two = self.run_ok("generate", MODEL, "--messages", messages, "--greedy", "--json").json
        rendered = self.run_ok("template", MODEL, "--messages", messages, "--add-generation-prompt")
        prompt = self.file("raw", rendered.text)
        three = self.run_ok("generate", MODEL, "--file", prompt, "--raw", "--greedy", "--json").json
        self.assertEqual(one["token_ids"], two["token_ids"])
        self.assertEqual(one["token_ids"], three["token_ids"])
        self.assertEqual(one["prompt_tokens"], three["prompt_tokens"])

    def test_seed(self) -> None:
        """The same seed draws the same, flags arrive."""
        flags = ["--temperature", "1.5", "--top-p", "0.95", "--top-k", "50", "--min-p", "0.01"]
        flags += ["--repetition-penalty", "1.05", "--presence-penalty", "0.1", "-n", "12"]
        flags += ["--frequency-penalty", "0.1", "--ignore-eos", "--json", "--prompt", self.PROMPT]
        one = self.run_ok("generate", MODEL, *flags, "--seed", "7").json
        two = self.run_ok("generate", MODEL, *flags, "--seed", "7", "--threads", "2").json
        self.assertEqual(one["token_ids"], two["token_ids"])
        self.assertEqual(len(one["token_ids"]), 12)
        self.assertEqual(one["finish_reason"], "length")

    def test_presets(self) -> None:
        """Each answers; greedy is --greedy, and a flag goes before the preset."""
        flags = ["generate", MODEL, "--prompt", self.PROMPT, "--json"]
        greedy = self.run_ok(*flags, "--greedy").json["token_ids"]
        for preset in ("model", "greedy", "vllm", "huggingface", "llama_cpp"):
            result = self.run_ok(*flags, "--preset", preset, "--temperature", "0").json
            with self.subTest(preset=preset):
                self.assertEqual(result["token_ids"], greedy[: len(result["token_ids"])])
                self.assertGreater(len(result["token_ids"]), 0)
        self.assertEqual(self.run_ok(*flags, "--preset", "greedy").json["token_ids"], greedy)

    def test_cyrillic_path(self) -> None:
        """A model and a prompt under names that are not ASCII."""
        folder = self.folder / "моя модель"
        shutil.copytree(MODEL, folder)
        prompt = self.file("вопрос.txt", self.PROMPT)
        result = self.run_ok("generate", str(folder), "--file", prompt, "--greedy")
        self.assertIn("Париж", result.text)

    def test_stop(self) -> None:
        """A stop string ends the text before it, or behind it where asked."""
        flags = ["generate", MODEL, "--prompt", self.PROMPT, "--greedy", "--json", "--stop", "zzz"]
        result = self.run_ok(*flags, "--stop", "Париж").json
        self.assertEqual(result["finish_reason"], "stop_string")
        self.assertEqual(result["stop_string"], "Париж")
        self.assertNotIn("Париж", result["text"])
        kept = self.run_ok(*flags, "--stop", "Париж", "--include-stop").json
        self.assertTrue(kept["text"].endswith("Париж"))

    def test_logprobs(self) -> None:
        """Greedy: every token is the likeliest, and its logprob the largest."""
        flags = ["--prompt", self.PROMPT, "--greedy", "--json", "--logprobs", "3"]
        result = self.run_ok("generate", MODEL, *flags).json
        self.assertEqual(len(result["logprobs"]), len(result["token_ids"]))
        for chosen, top in zip(result["logprobs"], result["top_logprobs"], strict=True):
            self.assertEqual(chosen["rank"], 1)
            self.assertEqual(top[0], chosen)
            self.assertEqual(len(top), 3)

    def test_bias(self) -> None:
        """A forced token is generated."""
        flags = ["--prompt", "x", "--greedy", "--json", "-n", "3", "--logit-bias", "65=1000"]
        result = self.run_ok("generate", MODEL, *flags).json
        self.assertEqual(result["token_ids"], [65, 65, 65])


if __name__ == "__main__":
    main()
