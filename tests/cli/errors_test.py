"""Bad input: one clear line on stderr, nothing on stdout, status 1; usage errors status 2."""

from __future__ import annotations

import shutil
import subprocess

from cli import BINARY, MODEL, CliTest, main


class ErrorTest(CliTest):
    """Tables of what fails, with a part of its message."""

    def check(self, status: int, message: str, *arguments: str, stdin: str = "") -> None:
        """Fails with this status and one line that contains the message."""
        result = self.call(*arguments, stdin=stdin)
        with self.subTest(arguments=arguments):
            self.assertEqual(result.status, status, result.error)
            self.assertEqual(result.bytes, b"")
            self.assertTrue(result.error.startswith("tlite: "), result.error)
            self.assertEqual(result.error.count("\n"), 1, result.error)
            self.assertIn(message, result.error)

    def test_usage(self) -> None:
        """What the parser refuses."""
        generate = ["generate", MODEL]
        prompt = [*generate, "--prompt", "x"]
        for message, arguments in (
            ("subcommand is required", []),
            ("subcommand", ["bogus"]),
            ("MODEL is required", ["info"]),
            ("not expected", ["info", MODEL, "extra"]),
            ("--prompt,--file,--messages", generate),
            ("--prompt,--file,--messages", [*prompt, "--file", "y"]),
            ("--temperature", [*prompt, "--temperature", "warm"]),
            ("--temperature", [*prompt, "--temperature"]),
            ("--greedy", [*prompt, "--greedy", "--temperature", "1"]),
            ("--seed", [*prompt, "--seed", "-1"]),
            ("--seed", [*prompt, "--seed", str(2**64)]),
            ("--raw excludes --messages", [*generate, "--messages", "m", "--raw"]),
            ("--system excludes --raw", [*prompt, "--system", "s", "--raw"]),
            ("--tools excludes --raw", [*prompt, "--tools", "t", "--raw"]),
            ("--system excludes --messages", [*generate, "--messages", "m", "--system", "s"]),
            ("--preset", [*prompt, "--preset", "mine"]),
            ("--threads", [*prompt, "--threads", "-3"]),
            ("--context", [*prompt, "--context", "0"]),
            ("--kv-type", [*prompt, "--kv-type", "f8"]),
            ("--bogus", [*prompt, "--bogus"]),
            ("--special", ["tokenize", MODEL, "x", "--special", "some"]),
            ("--file", ["tokenize", MODEL, "x", "--file", "y"]),
            ("ID", ["detokenize", MODEL]),
            ("ID", ["detokenize", MODEL, "one"]),
            ("--messages is required", ["template", MODEL]),
            ("--ids is required", ["logits", MODEL, "--out", "x"]),
            ("--file is required", ["imatrix", MODEL, "-o", "x"]),
            ("--out is required", ["imatrix", MODEL, "--file", "x"]),
            ("--chunks", ["imatrix", MODEL, "--file", "x", "-o", "y", "--chunks", "0"]),
            ("--parse-special requires --file", ["perplexity", MODEL, "--parse-special"]),
            ("--context", ["imatrix", MODEL, "--file", "x", "-o", "y", "-c", "0"]),
            ("--type is required", ["quantize", MODEL, "x.gguf"]),
            ("'q9' is none of: f32 f16", ["quantize", MODEL, "x.gguf", "--type", "q9"]),
        ):
            self.check(2, message, *arguments)

    def test_missing_model(self) -> None:
        """Every command names the path that is not there."""
        for arguments in (
            ["info", "нет/модели"],
            ["tokenize", "нет/модели", "x"],
            ["detokenize", "нет/модели", "1"],
            ["template", "нет/модели", "--messages", self.file("m", [])],
            ["logits", "нет/модели", "--ids", self.file("i", [1]), "--out", "x.npy"],
            ["generate", "нет/модели", "--prompt", "x"],
            ["quantize", "нет/модели", "x.gguf", "--type", "q8_0"],
            ["imatrix", "нет/модели", "--file", "x", "-o", "y"],
            ["chat", "нет/модели"],
        ):
            self.check(1, "нет/модели", *arguments)

    def test_empty_path(self) -> None:
        """An empty name is quoted: a message that begins with a colon names nothing."""
        ids = self.file("i", [1])
        for message, arguments in (
            ("no such file", ["info", ""]),
            ("cannot open", ["tokenize", "", "x"]),
            ("no such directory", ["template", "", "--messages", self.file("m", [])]),
            ("cannot open", ["generate", MODEL, "--file", ""]),
            ("cannot write", ["logits", MODEL, "--ids", ids, "--out", ""]),
            ("cannot write", ["quantize", MODEL, "", "--type", "q8_0"]),
            ("cannot open", ["perplexity", MODEL, "--kl-base", ""]),
        ):
            self.check(1, f"tlite: '': {message}", *arguments)

    def test_written_to_a_pipe(self) -> None:
        """What is written out of order cannot go to stdout; no file of the name "-" is made."""
        text = self.file("t", "a")
        for arguments in (
            ["quantize", MODEL, "-", "--type", "q8_0"],
            ["perplexity", MODEL, "--file", text, "--kl-base", "-", "--save-base"],
            ["imatrix", MODEL, "--file", text, "--out", "-"],
        ):
            self.check(2, "a pipe will not do; name a file", *arguments)
        self.assertFalse((self.folder / "-").exists())

    def test_missing_file(self) -> None:
        """Every file argument names the file."""
        prompt = ["generate", MODEL, "--prompt", "x"]
        for arguments in (
            ["tokenize", MODEL, "--file", "gone"],
            ["tokenize", MODEL, "--lines", "gone"],
            ["template", MODEL, "--messages", "gone"],
            ["template", MODEL, "--messages", self.file("m", []), "--tools", "gone"],
            ["logits", MODEL, "--ids", "gone", "--out", "x.npy"],
            ["generate", MODEL, "--file", "gone"],
            ["imatrix", MODEL, "--file", "gone", "-o", "x"],
            ["generate", MODEL, "--messages", "gone"],
            [*prompt, "--tools", "gone"],
        ):
            self.check(1, "gone: cannot open: No such file or directory", *arguments)
        self.check(1, "cannot read: Is a directory", "generate", MODEL, "--file", str(self.folder))

    def test_bad_content(self) -> None:
        """Files that hold something else."""
        broken = self.file("broken", "[1, ")
        for message, arguments in (
            ("broken: must be a JSON array of token ids", ["logits", MODEL, "--ids", broken]),
            ("ids, line 1: each line must be a JSON string", ["tokenize", MODEL, "--lines"]),
            (
                "broken: not JSON: parse error at line 1, column 5",
                ["template", MODEL, "--messages", broken],
            ),
            (
                "broken: not JSON: parse error at line 1, column 5",
                ["generate", MODEL, "--messages", broken],
            ),
            ("broken: not JSON: ", ["generate", MODEL, "--prompt", "x", "--tools", broken]),
        ):
            rest = []
            if arguments[0] == "logits":
                rest = ["--out", "x.npy"]
            elif arguments[-1] == "--lines":
                rest = [self.file("ids", '[1]\n"a"\n')]
            self.check(1, message, *arguments, *rest)

    def test_ids(self) -> None:
        """Ids out of range, empty and negative ones; a file that cannot be written."""
        logits = ["logits", MODEL, "--out", "x.npy", "--ids"]
        self.check(1, "has no token ids", *logits, self.file("a", []))
        self.check(1, "must be a JSON array of token ids", *logits, self.file("b", [-1]))
        self.check(1, "must be a JSON array of token ids", *logits, self.file("c", [1.5]))
        self.check(1, "token id 99999999 is out of range", *logits, self.file("d", [99999999]))
        self.check(1, "token id 99999999 is outside", "detokenize", MODEL, "99999999")
        out = ["--out", "no/such/folder.npy"]
        self.check(1, "cannot write", "logits", MODEL, "--ids", self.file("e", [1]), *out)

    def test_imatrix(self) -> None:
        """A text shorter than a chunk; a file that cannot be written, or is the model."""
        short = self.file("short", "Привет")
        self.check(1, "short: has ", "imatrix", MODEL, "--file", short, "-o", "x")
        self.check(1, "tokens; a chunk has 512", "imatrix", MODEL, "--file", short, "-o", "x")
        measure = ["imatrix", MODEL, "--file", self.file("text", "слово " * 40), "-c", "8", "-o"]
        self.check(1, "no/such: cannot write: No such file or directory", *measure, "no/such")
        self.check(1, "cannot write: Is a directory", *measure, str(self.folder))
        shutil.copytree(MODEL, self.folder / "model")
        measure[1] = "model"
        target = "model/model.safetensors"
        self.check(1, f"{target}: the target is a file of the source", *measure, target)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["model", "short", "text"])

    def test_values(self) -> None:
        """Parameters out of their range are named."""
        prompt = ["generate", MODEL, "--prompt", "x"]
        for flag, value, message in (
            ("--top-p", "3", "top_p is 3"),
            ("--min-p", "-1", "min_p"),
            ("--top-k", "-1", "top_k"),
            ("--temperature", "-1", "temperature"),
            ("--repetition-penalty", "0", "repetition_penalty"),
            ("--logit-bias", "5", "--logit-bias takes ID=VALUE, not '5'"),
            ("--logit-bias", "99999999=1", "99999999"),
            ("--stop-id", "99999999", "99999999"),
            ("--stop", "", "stop"),
            ("--logprobs", "1000", "logprobs"),
            ("--context", "4", "context of 4"),
        ):
            self.check(1, message, *prompt, flag, value)

    def test_empty(self) -> None:
        """Nothing to answer; an empty message is one."""
        generate = ["generate", MODEL, "--greedy"]
        empty = self.file("empty.json", [])
        self.check(1, "the conversation has no message to answer", *generate, "--messages", empty)
        self.check(1, "empty prompt", *generate, "--prompt", "", "--raw")
        self.assertNotEqual(self.run_ok(*generate, "--prompt", "").text, "\n")

    def test_too_long(self) -> None:
        """A prompt longer than the context, and than the model's."""
        prompt = ["generate", MODEL, "--greedy", "--raw", "--prompt"]
        message = "the prompt takes 50 tokens, the context of 40 must hold it and one more"
        self.check(1, message, *prompt, "0 " * 25, "--context", "40")
        self.check(1, "the context of 2048 must hold it", *prompt, "0 " * 2000)

    def test_no_template(self) -> None:
        """A model without a chat template continues prompts, and says what it cannot do."""
        folder = self.folder / "без шаблона"
        shutil.copytree(MODEL, folder)
        (folder / "tokenizer_config.json").unlink()
        prompt = ["generate", str(folder), "--greedy", "-n", "1", "--prompt", "x"]
        self.assertEqual(self.run_ok(*prompt).text, self.run_ok(*prompt, "--raw").text)
        self.check(1, "need a chat template", *prompt, "--system", "s")
        self.check(1, "no chat template", "chat", str(folder))

    def test_full_disk(self) -> None:
        """Output that cannot be written is noticed."""
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [BINARY, "info", MODEL, "--json"], stdout=full, stderr=subprocess.PIPE, check=False
            )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"tlite: cannot write to the standard output\n")

    def test_help(self) -> None:
        """Help and version are answers, not errors."""
        self.assertIn("generate", self.run_ok("--help").text)
        self.assertIn("--temperature", self.run_ok("generate", "--help").text)
        self.assertRegex(self.run_ok("--version").text, r"^\d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    main()
