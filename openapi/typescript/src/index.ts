// The control API with every path, parameter and answer typed: `schema.ts` is generated, this file is all that is not.

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

/** A thing of the API by its name in the description: `Schemas["Key"]`. */
export type Schemas = components["schemas"];

export type Control = Client<paths>;

/**
 * @param address Where control listens: `http://127.0.0.1:8485`.
 * @param key An admin key, or the token of a session.
 */
export function control(address: string, key: string): Control {
  return createClient<paths>({
    baseUrl: `${address.replace(/\/$/, "")}/control/v1`,
    headers: { Authorization: `Bearer ${key}` },
  });
}
