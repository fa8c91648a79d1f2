// The official OpenAI SDK for Node against a gateway. The environment is that of ../python/test_chat.py.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

const { BASE_URL, API_KEY, MODEL, DIRECT_URL, UPSTREAM } = process.env;
const CONCURRENT = Number(process.env.CONCURRENT ?? 200);
const settings = { maxRetries: 0, timeout: 120_000 };

const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, ...settings });
const direct = new OpenAI({ baseURL: DIRECT_URL, apiKey: "none", ...settings });
const scripted = { skip: UPSTREAM === "real" && "a real model obeys no scripts" };

const question = (text = "What is a queue?") => ({
  model: MODEL,
  messages: [{ role: "user", content: text }],
  max_tokens: 16,
  temperature: 0,
});

async function gather(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

test("an answer equals that of the upstream asked directly", async () => {
  const answer = await client.chat.completions.create(question());
  const expected = await direct.chat.completions.create(question());
  assert.deepEqual(answer.choices, expected.choices);
  assert.ok(answer.choices[0].message.content);
  assert.equal(answer.usage.prompt_tokens, expected.usage.prompt_tokens);
  assert.equal(answer.usage.completion_tokens, expected.usage.completion_tokens);
});

test("the chunks of a stream make the whole answer", async () => {
  const whole = await client.chat.completions.create(question());
  const chunks = await gather(await client.chat.completions.create({ ...question(), stream: true }));
  assert.equal(textOf(chunks), whole.choices[0].message.content);
  assert.ok(chunks.every((chunk) => chunk.usage == null && chunk.choices.length === 1));
});

test("a stream tells its usage if asked", async () => {
  const whole = await client.chat.completions.create(question());
  const asked = { ...question(), stream: true, stream_options: { include_usage: true } };
  const chunks = await gather(await client.chat.completions.create(asked));
  const last = chunks.at(-1);
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.completion_tokens, whole.usage.completion_tokens);
  assert.equal(last.usage.prompt_tokens, whole.usage.prompt_tokens);
});

test("the model is listed", async () => {
  const models = await gather(await client.models.list());
  assert.ok(models.some((model) => model.id === MODEL));
});

test("many streams at once get each their own answer", async () => {
  const texts = Array.from({ length: CONCURRENT }, (_, n) => `What is ${n} plus ${n}?`);
  const streamed = await Promise.all(
    texts.map(async (text) =>
      textOf(await gather(await client.chat.completions.create({ ...question(text), stream: true }))),
    ),
  );
  const expected = await Promise.all(
    texts.map(async (text) => (await direct.chat.completions.create(question(text))).choices[0].message.content),
  );
  assert.deepEqual(streamed, expected);
});

test("after a stream was left the next request is served", async () => {
  const stream = await client.chat.completions.create({ ...question(), stream: true });
  for await (const _ of stream) break;
  assert.ok((await client.chat.completions.create(question())).choices.length);
});

test("a wrong key is an authentication error", async () => {
  const stranger = new OpenAI({ baseURL: BASE_URL, apiKey: "sk-nobody", ...settings });
  await assert.rejects(stranger.chat.completions.create(question()), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, "invalid_api_key");
    return true;
  });
});

test("an unknown model is not found", async () => {
  await assert.rejects(client.chat.completions.create({ ...question(), model: "no/such-model" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    return true;
  });
});

test("a body that is no request is a bad request", async () => {
  await assert.rejects(client.post("/chat/completions", { body: { messages: [] } }), OpenAI.BadRequestError);
});

test("a body that is too large is refused by its size", async () => {
  const large = question("x".repeat(64 << 20));
  await assert.rejects(client.chat.completions.create(large), (error) => {
    assert.equal(error.status, 413);
    return true;
  });
});

test("the upstream's word on a client's mistake comes back unchanged", scripted, async () => {
  const asked = { ...question(), mock: { status: 422, code: "odd" } };
  await assert.rejects(client.chat.completions.create(asked), (error) => {
    assert.ok(error instanceof OpenAI.UnprocessableEntityError);
    assert.equal(error.code, "odd");
    return true;
  });
});

test("a stream that the upstream breaks off is an error, not a short answer", scripted, async () => {
  const asked = { ...question(), stream: true, mock: { cut_after: 3 } };
  await assert.rejects(async () => gather(await client.chat.completions.create(asked)));
});
