// npm's `openai` against the server at the address TLITE_SERVER.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.TLITE_SERVER + "/v1", apiKey: "none", maxRetries: 0 });
const scripted = { model: "scripted", temperature: 0 };
const messages = [{ role: "user", content: "Привет" }];
const asked = { model: "demo", messages, temperature: 0, max_tokens: 12 };
const say = (name) => [{ role: "user", content: "say:" + name }];
const tool = (name) => ({ type: "function", function: { name, parameters: { type: "object" } } });
const tools = [tool("weather"), tool("a"), tool("b")];

test("chat: whole, as chunks, by the client's gatherer", async () => {
  const whole = await client.chat.completions.create(asked);
  const text = whole.choices[0].message.content;
  assert.ok(text);
  const stream = await client.chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  let said = "";
  let usage;
  for await (const chunk of stream) {
    said += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(said, text);
  assert.equal(usage.total_tokens, whole.usage.total_tokens);
  const gathered = await client.chat.completions.stream(asked).finalChatCompletion();
  assert.equal(gathered.choices[0].message.content, text);
  assert.equal(gathered.choices[0].finish_reason, whole.choices[0].finish_reason);
});

test("chat: a stream that is left behind", async () => {
  const stream = await client.chat.completions.create({ ...asked, stream: true, max_tokens: 400, ignore_eos: true });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  assert.equal(stream.controller.signal.aborted, true);
});

test("tools: whole, as a stream, forced, run by the client", async () => {
  const whole = await client.chat.completions.create({ ...scripted, messages: say("one"), tools });
  const [call] = whole.choices[0].message.tool_calls;
  assert.equal(call.function.name, "weather");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Москва", days: [1, 2] });
  const runner = client.chat.completions.stream({ ...scripted, messages: say("one"), tools });
  const deltas = [];
  runner.on("tool_calls.function.arguments.delta", (event) => deltas.push(event.arguments_delta));
  const final = await runner.finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);
  assert.ok(deltas.length >= 3);
  const forced = await client.chat.completions.create({
    ...scripted,
    messages: say("plain"),
    tools,
    tool_choice: { type: "function", function: { name: "b" } },
  });
  assert.equal(forced.choices[0].message.tool_calls[0].function.name, "b");
  const given = [];
  const weather = {
    type: "function",
    function: {
      name: "weather",
      parameters: { type: "object" },
      parse: JSON.parse,
      // The model answers what it is told.
      function: (value) => (given.push(value), "say:plain"),
    },
  };
  const answer = await client.chat.completions
    .runTools({ ...scripted, messages: say("one"), tools: [weather] })
    .finalContent();
  assert.equal(answer, "Добрый день, мир!");
  assert.deepEqual(given, [{ city: "Москва", days: [1, 2] }]);
});

test("completions, with log probabilities", async () => {
  const answer = await client.completions.create({
    model: "demo",
    prompt: "Столица",
    max_tokens: 3,
    logprobs: 1,
    temperature: 0,
    echo: true,
  });
  const { tokens, token_logprobs } = answer.choices[0].logprobs;
  assert.ok(tokens.join("").startsWith("Столица"));
  assert.equal(token_logprobs.length, answer.usage.total_tokens);
  assert.equal(token_logprobs[0], null);
});

test("embeddings: base64, which the client asks for, and numbers", async () => {
  const coded = await client.embeddings.create({ model: "demo", input: "Привет" });
  const plain = await client.embeddings.create({ model: "demo", input: ["Привет"], encoding_format: "float" });
  assert.ok(coded.data[0].embedding.length > 8);
  assert.deepEqual(coded.data[0].embedding, plain.data[0].embedding.map(Math.fround));
});

test("responses: whole, as events, by the client's gatherer, with tools", async () => {
  const request = { model: "demo", input: "Привет", instructions: "Кратко.", temperature: 0, max_output_tokens: 12 };
  const whole = await client.responses.create(request);
  assert.ok(whole.output_text);
  let said = "";
  let last;
  for await (const event of await client.responses.create({ ...request, stream: true })) {
    if (event.type === "response.output_text.delta") said += event.delta;
    last = event;
  }
  assert.equal(said, whole.output_text);
  assert.deepEqual(Object.keys(last.response.usage).sort(), [
    "input_tokens",
    "input_tokens_details",
    "output_tokens",
    "output_tokens_details",
    "total_tokens",
  ]);
  const final = await client.responses.stream(request).finalResponse();
  assert.equal(final.output_text, whole.output_text);
  const { output } = await client.responses.create({
    ...scripted,
    input: "say:plain",
    tools: [{ type: "function", name: "b", parameters: { type: "object" }, strict: false }],
    tool_choice: "required",
  });
  assert.equal(output[0].name, "b");
});

test("models", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ["demo", "scripted"]);
  assert.equal((await client.models.retrieve("demo")).id, "demo");
});

test("errors: each of its class, with its field", async () => {
  const create = (change) => client.chat.completions.create({ ...asked, ...change });
  await assert.rejects(create({ temperature: -1 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.status, error.param, error.code], [400, "temperature", "invalid_value"]);
    return true;
  });
  await assert.rejects(create({ model: "gpt-9" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    return true;
  });
  await assert.rejects(create({ max_tokens: 1 << 20, messages: [{ role: "user", content: "а ".repeat(40000) }] }), {
    code: "context_length_exceeded",
  });
});
