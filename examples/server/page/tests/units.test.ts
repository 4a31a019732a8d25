// What needs no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import MarkdownIt from "markdown-it";
import { eventData } from "../src/api/server_sent_events";
import {
  appendTurn,
  childrenOf,
  currentPath,
  newConversation,
  selectBranch,
  type Turn,
} from "../src/chat/conversation";
import { kDefaultParameters, kNumberParameters, parseNumber, parseStop, writeStop } from "../src/chat/parameters";
import { mathRule } from "../src/markdown/math_rule";
import { exportText, importText } from "../src/store/transfer";

// Every way to cut a stream in two, and byte by byte.
async function collect(pieces: Uint8Array[]): Promise<string[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const found: string[] = [];
  for await (const data of eventData(stream)) found.push(data);
  return found;
}

test("api/server_sent_events: the same events, wherever the bytes are cut", async () => {
  const source =
    ": heartbeat\r\n\r\nevent: x\ndata: one\ndata:two\n\ndata:  жёлтый 🐈\r\rid: 5\n\ndata\n\r\ndata: [DONE]\n\ndata: not closed";
  const wanted = ["one\ntwo", " жёлтый 🐈", "", "[DONE]"];
  const bytes = new TextEncoder().encode(source);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(await collect([bytes.slice(0, cut), bytes.slice(cut)]), wanted, `cut at ${cut}`);
  }
  assert.deepEqual(await collect(Array.from(bytes, (byte) => Uint8Array.of(byte))), wanted);
});

test("api/server_sent_events: an event without end is given up", async () => {
  const piece = new TextEncoder().encode("x".repeat(1 << 20));
  await assert.rejects(collect(Array(10).fill(piece)), /an event without end/);
  const line = new TextEncoder().encode(`data: ${"x".repeat(1 << 20)}\n`);
  await assert.rejects(collect(Array(10).fill(line)), /an event without end/);
});

// Formulas of a text, and what markdown-it takes for text around them.
function formulas(text: string): string[] {
  const markdown = new MarkdownIt().use(mathRule);
  return markdown
    .parse(text, {})
    .flatMap((token) => [token, ...(token.children ?? [])])
    .filter(({ type }) => type === "math")
    .map(({ content, meta }) => `${(meta as { block: boolean }).block ? "block" : "line"}: ${content.trim()}`);
}

test("markdown/math_rule: what is a formula and what is money", () => {
  const cases: [string, string[]][] = [
    ["$x$ and \\(y\\)", ["line: x", "line: y"]],
    ["It costs $5 and $10.", []],
    ["from $5 to 6$", ["line: 5 to 6"]],
    ["a $ b $ c", []],
    ["$x$5", []],
    ["\\$x\\$", []],
    ["`$x$` and ``\\(y\\)``", []],
    ["```\n$$x$$\n```", []],
    ["$$x$$", ["block: x"]],
    ["$$\na\n\nb\n$$", ["block: a\n\nb"]],
    ["\\[\nx\n\\]", ["block: x"]],
    ["text \\[x\\] text", ["block: x"]],
    ["- item\n  $$\n  x\n  $$", ["block: x"]],
    ["> $$x$$", ["block: x"]],
    ["text\n$$\nx\n$$\ntext", ["block: x"]],
    ["$$x$$.", ["block: x"]],
    ["$$ open", []],
    ["\\( open", []],
    ["$a\\$b$", ["line: a\\$b"]],
    ["| a |\n|---|\n| $x$ |", ["line: x"]],
    ["$$$$", []],
    ["$a_1*b*c_2$", ["line: a_1*b*c_2"]],
  ];
  for (const [text, wanted] of cases) assert.deepEqual(formulas(text), wanted, text);
});

test("chat/parameters: numbers as users write them", () => {
  const named = (name: string) => kNumberParameters.find((each) => each.name === name)!;
  const cases: [string, string, number | undefined][] = [
    ["temperature", "0,7", 0.7],
    ["temperature", " 0.7 ", 0.7],
    ["temperature", "0", 0],
    ["temperature", "-1", undefined],
    ["temperature", "NaN", undefined],
    ["temperature", "Infinity", undefined],
    ["temperature", "", undefined],
    ["temperature", "1,2,3", undefined],
    ["top_p", "0", undefined],
    ["top_p", "1", 1],
    ["top_k", "1.5", undefined],
    ["max_tokens", "0", undefined],
    ["seed", "9007199254740991", 9007199254740991],
    ["seed", "9007199254740993", undefined],
  ];
  for (const [name, text, wanted] of cases) assert.equal(parseNumber(text, named(name)), wanted, `${name} ${text}`);
});

test("chat/parameters: stop strings there and back", () => {
  for (const stop of [["a", "b"], ["\n\n"], ["\\n"], ["tab\t", "\\\\x"]])
    assert.deepEqual(parseStop(writeStop(stop)), stop);
  assert.deepEqual(parseStop("END\n\n\\nUser:"), ["END", "\nUser:"]);
});

function turn(id: string, parent: string | null, role: Turn["role"] = "user"): Turn {
  return { id, parent, role, content: id, created: 1, ...(role === "assistant" && { outcome: "done" as const }) };
}

test("chat/conversation: a branch is gone back to where it was left", () => {
  let talk = newConversation({ model: "", system: "", parameters: kDefaultParameters });
  for (const each of [
    turn("aaaaaaaaaaaa", null),
    turn("bbbbbbbbbbbb", "aaaaaaaaaaaa", "assistant"),
    turn("cccccccccccc", "bbbbbbbbbbbb"),
    turn("dddddddddddd", "aaaaaaaaaaaa", "assistant"),
  ])
    talk = appendTurn(talk, each);
  const ids = () =>
    currentPath(talk)
      .map(({ id }) => id[0])
      .join("");
  assert.equal(ids(), "ad");
  assert.deepEqual(
    childrenOf(talk, "aaaaaaaaaaaa").map(({ id }) => id[0]),
    ["b", "d"],
  );
  talk = selectBranch(talk, "bbbbbbbbbbbb");
  assert.equal(ids(), "abc");
  // Out and in, it is the same.
  assert.deepEqual(importText(exportText([talk])), [talk]);
});
