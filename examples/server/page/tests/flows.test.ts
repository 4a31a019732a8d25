// What a user does, from the first word to the export.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ask, kHeaders, kPage, launch, open, type Watched } from "./browser";
import { kUsage, MockServer, scored, words } from "./mock_server";

let browser: Browser;
let server: MockServer;
let origin: string;
let watched: Watched | undefined;

before(async () => {
  browser = await launch();
});
after(async () => browser.close());
beforeEach(async () => {
  server = new MockServer(kPage, kHeaders);
  origin = await server.start();
});
// Every flow asks nothing of the network but its own server, and nothing complains.
afterEach(async () => {
  const { requests = [], complaints = [] } = watched ?? {};
  await watched?.context.close();
  watched = undefined;
  await server.stop();
  assert.deepEqual(complaints, []);
  const allowed = ["/", "/v1/models", "/v1/chat/completions"];
  assert.deepEqual(
    requests.filter((path) => !allowed.includes(path) && !/^(data|blob):/.test(path)),
    [],
  );
});

async function openPage(options?: BrowserContextOptions): Promise<Page> {
  watched = await open(browser, origin, options);
  return watched.page;
}

// A refused request is reported by the browser itself.
function forgetRefusals(): void {
  if (!watched) return;
  watched.complaints = watched.complaints.filter((text) => !text.startsWith("Failed to load resource"));
}

const lastAnswer = (page: Page) => page.locator(".turn.assistant").last();
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

test("page: an answer streams, piece by piece, with its figures", async () => {
  const page = await openPage();
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  server.answer = () => ({
    raw: async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const send = (data: unknown) => response.write(`data: ${JSON.stringify(data)}\r\n\r\n`);
      send({ choices: [{ delta: { content: "Перв" } }] });
      await released;
      send({ choices: [{ delta: { content: "ый" }, finish_reason: "stop" }] });
      send({ choices: [], usage: kUsage });
      response.end("data: [DONE]\n\n");
    },
  });
  await page.getByRole("textbox", { name: "Message" }).fill("Скажи");
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
  await lastAnswer(page).getByText("Перв", { exact: true }).waitFor();
  release();
  await lastAnswer(page).getByText("Первый", { exact: true }).waitFor();
  await page.getByText("896 from the cache").waitFor();
  await page.getByText("42 tokens").waitFor();
  await page.getByText("prompt 1,024").waitFor();
  await page.getByText(/first token \d/).waitFor();
  await page.getByText(/[\d.]+ tokens\/s/).waitFor();
  assert.equal(await page.getByRole("meter").getAttribute("aria-valuenow"), "1066");
  const { body } = server.asked[0]!;
  assert.equal(body["model"], "t-lite-it-1.0");
  assert.equal(body["stream"], true);
  assert.deepEqual(body["stream_options"], { include_usage: true });
  assert.deepEqual(body["messages"], [{ role: "user", content: "Скажи" }]);
});

test("page: code points cut between two writes come out whole", async () => {
  const page = await openPage();
  server.answer = () => ({
    raw: async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const bytes = Buffer.from(
        `data: ${JSON.stringify({ choices: [{ delta: { content: "жёлтый 🐈" } }] })}\n\ndata: [DONE]\n\n`,
      );
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    },
  });
  await ask(page, "x");
  assert.equal(await lastAnswer(page).locator(".prose").innerText(), "жёлтый 🐈");
});

test("page: stop keeps what came and tells the server", async () => {
  const page = await openPage();
  server.answer = () => ({ pieces: words("one two three four five six seven eight nine ten", 300) });
  await page.getByRole("textbox", { name: "Message" }).fill("Count");
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
  await lastAnswer(page)
    .getByText(/one two/)
    .waitFor();
  await button(page, "Stop").click();
  await page.getByText("Stopped.").waitFor();
  assert.match(await lastAnswer(page).locator(".prose").innerText(), /^one two/);
  await page.waitForTimeout(100);
  assert.equal(server.disconnected, 1);
  // Escape does the same.
  await button(page, "Answer anew").click();
  await lastAnswer(page).getByText(/one/).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Stopped.").waitFor();
  await page.waitForTimeout(100);
  assert.equal(server.disconnected, 2);
});

test("page: an answer anew and an edited turn are branches, and each can be gone back to", async () => {
  const page = await openPage();
  let count = 0;
  server.answer = ({ messages }) => ({ pieces: words(`Answer ${++count} to ${messages.at(-1)?.content}`) });
  await ask(page, "first");
  await ask(page, "second");
  // Another answer to the first: what stood behind it is in the other branch.
  await button(page, "Answer anew").first().click();
  await page.getByText("Answer 3 to first").waitFor();
  assert.equal(await page.locator(".turn").count(), 2);
  await button(page, "Previous branch").click();
  await page.getByText("Answer 2 to second").waitFor();
  assert.equal(await page.locator(".turn").count(), 4);
  // The second turn, otherwise.
  await page.locator(".turn.user").last().hover();
  await page.locator(".turn.user").last().getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Edit the message" }).fill("second, otherwise");
  await button(page, "Send as a new branch").click();
  await page.getByText("Answer 4 to second, otherwise").waitFor();
  assert.deepEqual(
    server.asked.at(-1)?.messages.map(({ content }) => content),
    ["first", "Answer 1 to first", "second, otherwise"],
  );
  await page.locator(".turn.user").last().getByRole("button", { name: "Previous branch" }).click();
  await page.getByText("Answer 2 to second", { exact: true }).waitFor();
});

test("page: an edited answer is what the model is told it said", async () => {
  const page = await openPage();
  await ask(page, "q");
  await lastAnswer(page).getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Edit the message" }).fill("Rewritten.");
  await button(page, "Save as a new branch").click();
  await page.getByText("Edited by you.").waitFor();
  await ask(page, "and?");
  assert.deepEqual(
    server.asked.at(-1)?.messages.map(({ content }) => content),
    ["q", "Rewritten.", "and?"],
  );
});

test("page: the system prompt and every parameter reach the server, none that was left empty does", async () => {
  const page = await openPage();
  await ask(page, "plain");
  assert.deepEqual(Object.keys(server.asked[0]!.body).sort(), [
    "logprobs",
    "messages",
    "model",
    "stream",
    "stream_options",
    "top_logprobs",
  ]);
  await button(page, "Settings").click();
  await page.getByLabel("System prompt").fill("Be brief.");
  await page.getByLabel("Model", { exact: true }).selectOption("qwen2.5-0.5b");
  const numbers: [string, string][] = [
    ["Temperature", "0,7"],
    ["Top-p", "0.9"],
    ["Top-k", "40"],
    ["Min-p", ".05"],
    ["Repetition penalty", "1.1"],
    ["Max. tokens", "256"],
    ["Seed", "7"],
  ];
  for (const [label, value] of numbers) await page.getByLabel(label).fill(value);
  await page.getByLabel("Stop strings").fill("END\n\\nUser:");
  await page.getByLabel("Thinking", { exact: true }).selectOption("off");
  await page.getByLabel("Token probabilities").and(page.locator("select")).selectOption("10");
  await ask(page, "with all");
  const { messages, ...rest } = server.asked[1]!.body;
  assert.deepEqual(rest, {
    model: "qwen2.5-0.5b",
    temperature: 0.7,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    repetition_penalty: 1.1,
    max_tokens: 256,
    seed: 7,
    stop: ["END", "\nUser:"],
    chat_template_kwargs: { enable_thinking: false },
    logprobs: true,
    top_logprobs: 10,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.deepEqual((messages as { role: string; content: string }[])[0], { role: "system", content: "Be brief." });
  // Out of range: said, and not sent.
  await page.getByLabel("Top-p").fill("1.5");
  await page.getByText("Above 0, up to 1").waitFor();
  await ask(page, "still the last good value");
  assert.equal(server.asked[2]!.body["top_p"], 0.9);
  await button(page, "Reset to the defaults").click();
  await page.getByLabel("Token probabilities").and(page.locator("select")).selectOption("0");
  await ask(page, "nothing set");
  assert.deepEqual(Object.keys(server.asked[3]!.body).sort(), ["messages", "model", "stream", "stream_options"]);
});

test("page: a thought is apart from the answer and is not sent back", async () => {
  const page = await openPage();
  server.answer = () => ({ pieces: [{ reasoning: "Let me see. " }, { reasoning: "Yes." }, ...words("Four.")] });
  await ask(page, "2+2");
  await page.getByText(/Thought for/).click();
  await page.getByText("Let me see. Yes.").waitFor();
  assert.equal(await lastAnswer(page).locator("> .prose").innerText(), "Four.");
  await ask(page, "sure?");
  assert.equal(server.asked[1]!.messages[1]?.content, "Four.");
});

test("page: probabilities by pointer and by keyboard", async () => {
  const page = await openPage();
  const half = (byte: number) => [{ token: "�", logprob: -0.5, bytes: [byte], top_logprobs: [] }];
  server.answer = () => ({
    pieces: [
      scored("Paris", 0.75, [["London", 0.125]]),
      scored(" is", 0.01, [[" was", 0.5]]),
      { content: "", logprobs: half(0xd0) },
      { content: "ж", logprobs: half(0xb6) },
      scored("\n", 0.5),
    ],
  });
  await ask(page, "capital");
  await button(page, "Token probabilities").click();
  const view = page.getByRole("group", { name: /^Token probabilities/ });
  await view.locator(".token").first().hover();
  const card = page.locator(".token-card");
  await card.getByText("Token 1 of 5").waitFor();
  assert.deepEqual(
    await card
      .locator("li")
      .allInnerTexts()
      .then((all) => all.map((text) => text.split(/\s+/).slice(0, 2))),
    [
      ["Paris", "75%"],
      ["London", "13%"],
    ],
  );
  await view.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await card.getByText("Token 2 of 5").waitFor();
  assert.match(await card.innerText(), /·was\s+50%\s+·is\s+1%/);
  // Two tokens make one letter; the card names the bytes.
  await page.keyboard.press("ArrowRight");
  assert.match(await card.innerText(), /<D0>/);
  assert.deepEqual(await view.locator(".token").allInnerTexts(), ["Paris", " is", "·", "ж", "↵\n"]);
  await page.keyboard.press("Escape");
  assert.equal(await card.count(), 0);
});

test("page: conversations outlive the page, are renamed, exported, deleted, and imported", async () => {
  const page = await openPage();
  server.answer = () => ({ pieces: [scored("Kept", 0.5, [["Lost", 0.25]])], usage: kUsage });
  await ask(page, "Remember this");
  await button(page, "Answer anew").click();
  await page.getByText("2/2").waitFor();
  await button(page, "New conversation").click();
  await ask(page, "Another one");
  await page.waitForTimeout(600); // what is kept is kept with a delay
  await page.reload();
  await button(page, "Remember this").click();
  await page.getByText("2/2").waitFor();
  await button(page, "Rename: Remember this").click();
  await page.getByLabel("Title").fill("My notes");
  await button(page, "Save").click();
  await button(page, "My notes").waitFor();

  const downloading = page.waitForEvent("download");
  await button(page, "Export").click();
  const file = await (await downloading).path();
  const exported = JSON.parse(await readFile(file, "utf8")) as {
    conversations: unknown[];
  };
  assert.equal(exported.conversations.length, 2);

  await button(page, "Delete: My notes").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await button(page, "My notes").waitFor({ state: "detached" });

  const choose = () => page.locator("input[type=file]").setInputFiles(file);
  await choose();
  await page.getByText("Conversations added: 1").waitFor();
  await button(page, "My notes").click();
  await page.getByText("2/2").waitFor();
  await button(page, "Token probabilities").click();
  await page.locator(".token").first().hover();
  await page.getByText("Lost").waitFor();
  await page.waitForTimeout(600);
  await choose();
  await page.getByText("Conversations added: 0").waitFor();
});

test("page: a page that goes away leaves an answer that says so", async () => {
  const page = await openPage();
  server.answer = () => ({ pieces: words("one two three four five six seven eight nine", 300) });
  await page.getByRole("textbox", { name: "Message" }).fill("Count");
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
  await lastAnswer(page)
    .getByText(/one two three four/)
    .waitFor();
  await page.reload();
  await button(page, "Count").click();
  await page.getByText(/^Interrupted/).waitFor();
  assert.match(await lastAnswer(page).locator(".prose").innerText(), /^one two/);
});

test("page: where the browser keeps nothing, it says so and exports what there is", async () => {
  watched = await open(browser, origin, {}, () => {
    IDBFactory.prototype.open = () => {
      throw new Error("storage is closed");
    };
  });
  const { page } = watched;
  await page.getByText(/keeps nothing here.*storage is closed/).waitFor();
  await ask(page, "Not kept");
  const downloading = page.waitForEvent("download");
  await button(page, "Export").click();
  const exported = await readFile(await (await downloading).path(), "utf8");
  assert.match(exported, /Not kept/);
  await button(page, "Delete: Not kept").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.locator(".entry").waitFor({ state: "detached" });
});

test("page: what one tab writes the other shows", async () => {
  const page = await openPage();
  const other = await watched!.context.newPage();
  await other.goto(origin);
  await ask(page, "From the first tab");
  await other.getByRole("button", { name: "From the first tab", exact: true }).click();
  await other.getByText("A short answer.").waitFor();
  await ask(other, "From the second");
  await page.getByText("From the second").waitFor();
});

test("page: a server that comes after the page is found", async () => {
  server.models = undefined;
  const page = await openPage();
  await page.getByText("No model").waitFor();
  server.models = { data: [{ id: "late" }] };
  await ask(page, "x");
  assert.equal(server.asked[0]!.body["model"], "late");
});

test("page: an answer goes on while another conversation is on show", async () => {
  const page = await openPage();
  server.answer = ({ messages }) => ({
    pieces: words(`${messages[0]?.content}: a b c d`, messages[0]?.content === "slow" ? 150 : 0),
  });
  await page.getByRole("textbox", { name: "Message" }).fill("slow");
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
  await lastAnswer(page).getByText(/slow/).waitFor();
  await button(page, "New conversation").click();
  await ask(page, "quick");
  assert.equal(await lastAnswer(page).locator(".prose").innerText(), "quick: a b c d");
  await page.locator(".entry-title", { hasText: "slow" }).click();
  await page.getByText("slow: a b c d").waitFor();
});

test("page: a key is asked for, sent, and kept only if wanted", async () => {
  server.key = "secret-1";
  const page = await openPage();
  await page.getByRole("textbox", { name: "Message" }).fill("hello");
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
  await page
    .getByText(/The server wants a key.*Incorrect API key provided/)
    .first()
    .waitFor();
  await button(page, "Enter the key").click();
  await page.waitForFunction(() => document.activeElement?.id === "api-key");
  await page.keyboard.type("secret-1");
  await page.keyboard.press("Tab");
  await page
    .getByLabel("Model", { exact: true })
    .locator("option", { hasText: "t-lite-it-1.0" })
    .waitFor({ state: "attached" });
  await button(page, "Try again").click();
  await page.getByText("A short answer.").waitFor();
  assert.equal(server.asked.at(-1)?.key, "secret-1");
  const kept = () => page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!(await kept()).includes("secret-1"));
  await page.getByLabel("Keep the key").check();
  assert.ok((await kept()).includes("secret-1"));
  await page.getByLabel("Keep the key").uncheck();
  assert.ok(!(await kept()).includes("secret-1"));
  forgetRefusals();
});

test("page: what goes wrong is said, and can be tried again", async () => {
  const page = await openPage();
  const cases: [string, RegExp, (response: import("node:http").ServerResponse) => void][] = [
    [
      "429",
      /busy. It asks to wait 7 s. Queue full/,
      (response) => server.refuse(response, 429, "Queue full.", { "retry-after": "7" }),
    ],
    ["400", /refused the request. temperature: 11/, (response) => server.refuse(response, 400, "temperature: 11")],
    ["500", /The server failed. HTTP 500/, (response) => void response.writeHead(500).end()],
    [
      "cut",
      /connection was lost/,
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: "half" } }] })}\n\n`);
        setTimeout(() => response.destroy(), 50);
      },
    ],
    [
      "early",
      /connection was lost. the stream ended early/,
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).end(": nothing\n\n");
      },
    ],
    [
      "error event",
      /The server failed. out of memory/,
      (response) => {
        response
          .writeHead(200, { "content-type": "text/event-stream" })
          .end('data: {"error":{"message":"out of memory"}}\n\n');
      },
    ],
    [
      "not JSON",
      /not understood. \{oops/,
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).end("data: {oops\n\n");
      },
    ],
    [
      "not a stream",
      /not understood. not an event stream/,
      (response) => {
        response.writeHead(200, { "content-type": "text/html" }).end("<h1>proxy</h1>");
      },
    ],
    [
      "odd fields",
      /^$/,
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const odd of [
          "null",
          "[]",
          '{"choices":{}}',
          '{"choices":[{"delta":{"content":5},"logprobs":7}]}',
          '{"usage":{"prompt_tokens":"x"}}',
        ]) {
          response.write(`data: ${odd}\n\n`);
        }
        response.end("data: [DONE]\n\n");
      },
    ],
  ];
  for (const [name, text, raw] of cases) {
    server.answer = () => ({ raw });
    await ask(page, name);
    const failure = lastAnswer(page).locator(".failure p");
    assert.match((await failure.count()) > 0 ? await failure.innerText() : "", text, name);
  }
  server.answer = () => ({ pieces: words("Well again.") });
  await page.locator(".failure").last().getByRole("button", { name: "Try again" }).click();
  await page.getByText("Well again.").waitFor();
  // Of an answer of which nothing came the model is not told.
  assert.ok(server.asked.at(-1)?.messages.every(({ content }) => content !== ""));
  forgetRefusals();
});

test("page: files that are no export are refused whole, with the place", async () => {
  const page = await openPage();
  const settings = {
    model: "",
    system: "",
    parameters: { numbers: {}, stop: [], thinking: "default", alternatives: 0 },
  };
  const turn = (more: object) => ({
    id: "aaaaaaaaaaaa",
    parent: null,
    role: "user",
    content: "x",
    created: 0,
    ...more,
  });
  const conversation = (more: object) => ({
    format: "tlite-conversations",
    version: 1,
    conversations: [
      {
        id: "cccccccccccc",
        title: "",
        created: 0,
        updated: 0,
        settings,
        turns: { aaaaaaaaaaaa: turn({}) },
        leaf: "aaaaaaaaaaaa",
        ...more,
      },
    ],
  });
  const cases: [unknown, string][] = [
    ["{", "file: not JSON"],
    [[], "file: not an object"],
    [{ format: "x" }, "format: not tlite-conversations"],
    [{ ...conversation({}), version: 2 }, "version: not 1"],
    [conversation({ id: "__proto__" }), "conversations[0].id: not an id"],
    [conversation({ leaf: "bbbbbbbbbbbb" }), "conversations[0].leaf: no turn of this conversation"],
    [
      conversation({ turns: { aaaaaaaaaaaa: turn({ parent: "aaaaaaaaaaaa" }) } }),
      "conversations[0].turns.aaaaaaaaaaaa.parent: no turn before this one",
    ],
    [
      conversation({ turns: { aaaaaaaaaaaa: turn({ role: "system" }) } }),
      "conversations[0].turns.aaaaaaaaaaaa.role: not user or assistant",
    ],
    [
      conversation({ turns: { aaaaaaaaaaaa: turn({ content: 5 }) } }),
      "conversations[0].turns.aaaaaaaaaaaa.content: not a string",
    ],
    [
      conversation({ settings: { ...settings, parameters: { ...settings.parameters, numbers: { top_p: 2 } } } }),
      "conversations[0].settings.parameters.numbers.top_p: out of range",
    ],
  ];
  for (const [content, wanted] of cases) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "x.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await page.getByText(wanted, { exact: false }).waitFor();
  }
  assert.equal(await page.locator(".entry").count(), 0);
});

test("page: Russian and English, light and dark, are chosen and kept", async () => {
  const page = await openPage({ locale: "ru-RU" });
  await page.getByText("О чём поговорим?").waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "ru");
  await page.getByLabel("Язык").selectOption("en");
  await page.getByText("What is on your mind?").waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel("Colours").selectOption("dark");
  assert.notEqual(await ground(), light);
  const dark = await ground();
  await page.reload();
  await page.getByText("What is on your mind?").waitFor();
  assert.equal(await ground(), dark);
});

test("page: by keyboard alone", async () => {
  const page = await openPage();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "skip");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  await page.keyboard.type("a line");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("another");
  await page.keyboard.press("Enter");
  await page.getByText("A short answer.").waitFor();
  assert.equal(server.asked[0]!.messages[0]?.content, "a line\nanother");
  await page.getByText("The answer is complete").waitFor({ state: "attached" });
});

test("page: on a phone a panel takes the focus and gives it back", async () => {
  const page = await openPage({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await button(page, "Conversations").click();
  await page.waitForFunction(() => document.activeElement?.id === "list-panel");
  assert.ok(await page.locator("main").evaluate((element) => (element as HTMLElement).inert));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Conversations");
  await page.getByRole("textbox", { name: "Message" }).fill("x");
  // Enter is for lines: a phone's keyboard has no Shift+Enter.
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
  assert.equal(server.asked.length, 0);
  await button(page, "Send").click();
  await page.getByText("A short answer.").waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `wider than the screen by ${overflow}`);
});
