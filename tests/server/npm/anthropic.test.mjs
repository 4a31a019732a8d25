// npm's `@anthropic-ai/sdk` against the server at the address TLITE_SERVER.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.TLITE_SERVER, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "say:one" }];
const tools = [{ name: "weather", input_schema: { type: "object" } }];
const asked = { model: "scripted", max_tokens: 64, messages, tools };

test("messages: whole, as events, by the client's gatherer", async () => {
  const whole = await client.messages.create(asked);
  assert.equal(whole.stop_reason, "tool_use");
  const [text, call] = whole.content;
  assert.deepEqual([text.text, call.name, call.input], ["Сейчас.", "weather", { city: "Москва", days: [1, 2] }]);
  const types = [];
  for await (const event of await client.messages.create({ ...asked, stream: true })) types.push(event.type);
  assert.deepEqual([types[0], types.at(-1)], ["message_start", "message_stop"]);
  const final = await client.messages.stream(asked).finalMessage();
  assert.deepEqual([final.content[0].text, final.content[1].input], [text.text, call.input]);
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
});

test("count_tokens", async () => {
  const { input_tokens } = await client.messages.countTokens({ model: "scripted", messages, tools });
  const { usage } = await client.messages.create(asked);
  assert.equal(usage.input_tokens + usage.cache_read_input_tokens, input_tokens);
});

test("errors: each of its class", async () => {
  await assert.rejects(client.messages.create({ ...asked, max_tokens: -1 }), Anthropic.BadRequestError);
  await assert.rejects(client.messages.create({ ...asked, model: "claude-9" }), Anthropic.NotFoundError);
});
