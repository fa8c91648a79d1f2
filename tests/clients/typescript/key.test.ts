// The life of a key by the generated client for TypeScript. The environment is set by ../run.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { control, type Schemas } from "@uplion/control";

const { CONTROL_URL, ADMIN_KEY, BASE_URL, MODEL, OTHER_MODEL } = process.env as Record<string, string>;
const api = control(CONTROL_URL!, ADMIN_KEY!);

/** What the gateway answers to a chat completion. */
async function ask(secret: string, model: string): Promise<number> {
  const answer = await fetch(`${BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello!" }], max_tokens: 4 }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Changes are at every gateway within two seconds of their answer. */
async function becomes(status: number, secret: string, model: string): Promise<void> {
  const end = Date.now() + 2_000;
  let seen = await ask(secret, model);
  while (seen !== status && Date.now() < end) seen = await ask(secret, model);
  assert.equal(seen, status);
}

async function project(): Promise<Schemas["Written"]> {
  const { data } = await api.POST("/projects", { body: { name: `typescript-${randomUUID()}` } });
  assert.ok(data?.in_force);
  return data;
}

async function key(name: string): Promise<Schemas["IssuedKey"] & { secret: string }> {
  const { data } = await api.POST("/keys", { body: { project: (await project()).id, name } });
  assert.ok(data?.secret);
  return { ...data, secret: data.secret };
}

test("a key lives from its issue to its revocation", async () => {
  const model = await api.GET("/models/{model}", { params: { path: { model: MODEL! } } });
  assert.equal(model.data?.name, MODEL);

  const { id, secret } = await key("life");
  const path = { key: id };
  await becomes(200, secret, MODEL!);

  const allowed = await api.PUT("/keys/{key}/models", { params: { path }, body: { models: [OTHER_MODEL!] } });
  assert.equal(allowed.response.status, 200);
  await becomes(404, secret, MODEL!);
  await becomes(200, secret, OTHER_MODEL!);

  const shown = await api.GET("/keys/{key}", { params: { path } });
  assert.deepEqual(shown.data?.models, [OTHER_MODEL]);
  assert.equal(shown.response.headers.get("ETag"), '"2"');

  const rotated = await api.POST("/keys/{key}/rotate", { params: { path }, body: { grace_seconds: 3600 } });
  const next = rotated.data?.secret;
  assert.ok(next && next !== secret);
  await becomes(200, next, OTHER_MODEL!);
  await becomes(200, secret, OTHER_MODEL!);

  const revoked = await api.POST("/keys/{key}/revoke", { params: { path } });
  assert.equal(revoked.data?.in_force, true);
  await becomes(401, secret, OTHER_MODEL!);
  await becomes(401, next, OTHER_MODEL!);

  const position = revoked.data?.position;
  assert.ok(position);
  const listed = await api.GET("/keys", { params: { query: { limit: 1000 }, header: { "Uplion-Position": position } } });
  assert.equal(listed.data?.data.find((key) => key.id === id)?.status, "revoked");
});

test("a change at another version than the one named is a problem with the current version", async () => {
  const { id } = await key("conflict");
  const path = { key: id };
  const seen = await api.GET("/keys/{key}", { params: { path } });
  const header = { "If-Match": seen.response.headers.get("ETag")! };
  const first = await api.PUT("/keys/{key}/models", { params: { path, header }, body: { models: [MODEL!] } });
  assert.equal(first.data?.version, 2);

  const late = await api.PUT("/keys/{key}/models", { params: { path, header }, body: { models: null } });
  const problem: Schemas["Problem"] | undefined = late.error;
  assert.equal(late.response.status, 412);
  assert.equal(problem?.code, "changed");
  assert.equal(problem?.version, 2);
  assert.equal(late.response.headers.get("ETag"), '"2"');
});

test("a write said again with its Idempotency-Key is carried out once", async () => {
  const body = { name: `typescript-${randomUUID()}` };
  const header = { "Idempotency-Key": randomUUID() };
  const first = await api.POST("/projects", { params: { header }, body });
  const again = await api.POST("/projects", { params: { header }, body });
  assert.equal(again.data?.id, first.data?.id);
  assert.deepEqual([first.data?.repeated, again.data?.repeated], [false, true]);
});

test("who has no key is told so", async () => {
  const { error, response } = await control(CONTROL_URL!, "nobody").GET("/projects");
  assert.equal(response.status, 401);
  assert.equal(error?.status, 401);
});
