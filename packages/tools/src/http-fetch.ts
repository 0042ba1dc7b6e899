/** `httpFetch`: one HTTP request, and its response as a value. */
import { STATUS_CODES } from "node:http";
import { defineTool, type JsonObject, type JsonValue, type Tool } from "@heddle/core";
import * as z from "zod";
import { bodyOf } from "./response-text.ts";

/** A text goes as it is; anything else as JSON. */
function requestOf(
  body: JsonValue | undefined,
  given: Readonly<Record<string, string>>,
): { body?: string; headers: Record<string, string> } {
  const headers = { ...given };
  if (body === undefined || body === null) return { headers };
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  if (!hasType) headers["content-type"] = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
  return { headers, body: typeof body === "string" ? body : JSON.stringify(body) };
}

/**
 * Sends an HTTP request. Capability `http.fetch`. A response of any status is a result. Failures: `call-denied` with the
 * HTTP guard's reasons (`destination-not-public`, `response-too-large`, `redirect-refused`, …).
 */
export const httpFetch: Tool = defineTool({
  name: "httpFetch",
  capability: "http.fetch",
  description:
    "Sends an HTTP request and gives status, headers and body. A body that is a text is sent as it is, any other value as JSON. Redirects are followed as far as the call may go there.",
  input: z.strictObject({
    url: z.string().describe("http:// or https://"),
    // As policies read it: in other letters it would be the same method to a server, and another one to a policy.
    method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    headers: z.record(z.string(), z.string()).exactOptional(),
    body: z.unknown().optional().describe("Not with GET and HEAD"),
  }),
  handler: async ({ method, headers = {}, body }, context): Promise<JsonObject> => {
    const response = await context.request("url", { method, ...requestOf(body as JsonValue | undefined, headers) });
    return {
      ok: response.status >= 200 && response.status < 300,
      status: response.status,
      statusText: response.statusText || (STATUS_CODES[response.status] ?? ""),
      headers: response.headers,
      body: bodyOf(response.body, response.headers["content-type"] ?? ""),
      url: response.url,
    };
  },
});
