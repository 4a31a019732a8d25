"""tlite chat: through pipes, and on a terminal (a pty) with line editing and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import time

from cli import BINARY, MODEL, CliTest, main

CAPITAL = "Какая столица Франции?"
PARIS = "Париж"
CTRL_C = "\x03"

# An answer without an end, longer than any computer takes to see the Ctrl-C that stops it; it
# begins with a greeting.
ENDLESS = ("--greedy", "--ignore-eos", "--context", "200000", "--max-new-tokens", "-1")
GREETING = "Привет!"


class PipeTest(CliTest):
    """Lines in, answers out."""

    def chat(self, *lines: str, flags: tuple[str, ...] = ()) -> tuple[str, str]:
        """Stdout and stderr of a conversation."""
        stdin = "".join(f"{line}\n" for line in lines)
        result = self.call("chat", MODEL, "--greedy", *flags, stdin=stdin)
        self.assertEqual(result.status, 0, result.error)
        return result.text, result.error

    def test_answers(self) -> None:
        """One answer a line, no prompt, no progress; the last line needs no line end."""
        self.assertEqual(self.chat("", "  ")[0], "")
        out, error = self.chat(CAPITAL)
        self.assertIn(PARIS, out)
        self.assertEqual(out.count("\n"), 1)
        self.assertEqual(error, "")
        result = self.call("chat", MODEL, "--greedy", stdin=CAPITAL)
        self.assertEqual(result.text, out)

    def test_reset_and_regenerate(self) -> None:
        """A reset conversation answers as a new one; greedily, again means the same."""
        first = self.chat(CAPITAL)[0]
        out, error = self.chat(CAPITAL, "/regen", "/reset", CAPITAL)
        self.assertEqual(out, first * 3)
        self.assertEqual(error, "(a new conversation)\n")

    def test_save_and_load(self) -> None:
        """Messages survive as JSON, system message included."""
        path = str(self.folder / "разговор.json")
        answer = self.chat(CAPITAL, f"/save {path}", flags=("--system", "Отвечай."))[0].rstrip()
        with open(path, encoding="utf-8") as file:
            messages = json.load(file)
        self.assertEqual(
            messages,
            [
                {"role": "system", "content": "Отвечай."},
                {"role": "user", "content": CAPITAL},
                {"role": "assistant", "content": answer},
            ],
        )
        out, error = self.chat(f"/load {path}", "/system", "/regen", "/stats")
        self.assertEqual(out.rstrip(), answer)
        self.assertIn("(3 messages)\nОтвечай.\n", error)
        self.assertRegex(error, r"last answer: \d+ tokens in [\d.]+ s \([\d.]+ tokens/s\)")

    def test_system(self) -> None:
        """A new system message begins a new conversation."""
        path = str(self.folder / "s.json")
        self.chat(CAPITAL, "/system Кратко.", f"/save {path}")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(json.load(file), [{"role": "system", "content": "Кратко."}])

    def test_bad_commands(self) -> None:
        """Each says what is wrong, and the conversation goes on."""
        for line, message in (
            ("/bogus", "there is no command /bogus"),
            ("/regen", "there is no answer to give again"),
            ("/save", "/save needs a file name"),
            ("/save no/such/folder", "no/such/folder: cannot write"),
            ("/load", "/load needs a file name"),
            ("/load gone", "gone: cannot open"),
            ("/load " + self.file("x", "[5"), "x: not JSON"),
            ("/load " + self.file("y", [5]), "messages[0]: must be an object"),
        ):
            out, error = self.chat(line, CAPITAL)
            with self.subTest(line=line):
                self.assertTrue(error.startswith("tlite: "), error)
                self.assertIn(message, error)
                self.assertIn(PARIS, out)

    def test_commands(self) -> None:
        """Help lists the commands; exit leaves at once; a backslash joins lines."""
        self.assertIn("/regen", self.chat("/help")[1])
        self.assertEqual(self.chat("/exit", CAPITAL)[0], "")
        path = str(self.folder / "j.json")
        self.chat("раз \\", "два", f"/save {path}")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(json.load(file)[0]["content"], "раз \nдва")


class Terminal:
    """The program on a pty, as a person sees it."""

    def __init__(self, test: CliTest, *arguments: str) -> None:
        self._seen = ""
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            os.chdir(test.folder)
            environment = {**test.environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
            os.execve(BINARY, [str(BINARY), *arguments], environment)

    def type(self, text: str) -> None:
        """Keys, as the terminal takes them."""
        os.write(self._master, text.encode("utf-8"))

    def expect(self, pattern: str, seconds: float = 120) -> str:
        """Reads until the pattern comes; gives all up to and with it."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self._seen)
            if found:
                text, self._seen = self._seen[: found.end()], self._seen[found.end() :]
                return text
            left = end - time.monotonic()
            ready = select.select([self._master], [], [], max(0.0, left))[0] if left > 0 else []
            if not ready:
                raise AssertionError(f"{pattern!r} did not come, only {self._seen!r}")
            try:
                data = os.read(self._master, 4096)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"ended before {pattern!r}, after {self._seen!r}")
            self._seen += data.decode("utf-8", "replace")

    def wait(self) -> int:
        """The exit status; a program that does not end within two minutes is killed."""
        while True:
            if not select.select([self._master], [], [], 120)[0]:
                self.kill()
            try:
                if not os.read(self._master, 4096):
                    break
            except OSError:
                break
        _, status = os.waitpid(self._pid, 0)
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """For a test that failed."""
        os.kill(self._pid, signal.SIGKILL)


class TerminalTest(CliTest):
    """On a pty."""

    def test_conversation(self) -> None:
        """Cyrillic is typed, edited and answered; history comes back; Ctrl-D leaves."""
        terminal = Terminal(self, "chat", MODEL, "--greedy")
        terminal.expect("/help lists the commands")
        terminal.expect("> ")
        terminal.type("Какая столица Франциии\x7f?\r")
        terminal.expect(PARIS)
        terminal.expect("> ")
        terminal.type("/reset\r")
        terminal.expect("a new conversation")
        terminal.expect("> ")
        terminal.type("\x1b[A\x1b[A\r")  # two lines up in the history
        terminal.expect(PARIS)
        terminal.expect("> ")
        terminal.type("\x04")
        self.assertEqual(terminal.wait(), 0)
        history = (self.folder / "tlite" / "history").read_text(encoding="utf-8")
        self.assertIn("/reset", history)

    def test_interrupt(self) -> None:
        """Ctrl-C gives up the line, stops the answer, and never the program."""
        terminal = Terminal(self, "chat", MODEL, *ENDLESS)
        terminal.expect("> ")
        terminal.type("не то")
        terminal.expect("не то")
        terminal.type(CTRL_C)
        terminal.expect("> ")
        terminal.type("Привет\r")
        terminal.expect(GREETING)
        terminal.type(CTRL_C)
        terminal.expect(r"\(stopped\)")
        terminal.type(CTRL_C)  # once too often
        terminal.expect("> ")
        terminal.type("/stats\r")
        terminal.expect("messages: 2")
        terminal.expect("> ")
        terminal.type("/exit\r")
        self.assertEqual(terminal.wait(), 0)

    def test_progress(self) -> None:
        """Long work tells how far it is; run_ok checks everywhere that a pipe gets none of it."""
        ids = self.file("ids.json", [5] * 6000)
        terminal = Terminal(self, "logits", MODEL, "--ids", ids, "--out", "l.npy", "--last")
        terminal.expect(r"evaluating \d+ of 6000 tokens")
        self.assertEqual(terminal.wait(), 0)

    def test_imatrix_interrupted(self) -> None:
        """Measuring tells how far it is; Ctrl-C ends it, and no file is left."""
        text = self.file("text", "слово " * 100000)
        terminal = Terminal(self, "imatrix", MODEL, "--file", text, "-o", "i.gguf")
        terminal.expect(r"measuring \d+ %")
        terminal.type(CTRL_C)
        self.assertEqual(terminal.wait(), 130)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["text"])

    def test_binary(self) -> None:
        """A terminal is not filled with bytes."""
        ids = self.file("ids.json", [5])
        terminal = Terminal(self, "logits", MODEL, "--ids", ids, "--out", "-")
        terminal.expect("tlite: --out: a terminal cannot show a .npy file")
        self.assertEqual(terminal.wait(), 2)

    def test_generate_interrupted(self) -> None:
        """Ctrl-C in generate keeps what there is."""
        terminal = Terminal(self, "generate", MODEL, "--prompt", "Привет", *ENDLESS)
        terminal.expect(GREETING)
        terminal.type(CTRL_C)
        self.assertEqual(terminal.wait(), 0)


if __name__ == "__main__":
    main()
