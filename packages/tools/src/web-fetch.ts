/** `webFetch`: a page of the web as text that can be read. It only asks: its permission is `read`. */
import { defineTool, type Tool } from "@heddle/core";
import * as z from "zod";
import { cutText } from "./cut-text.ts";
import { textOfHtml } from "./html-text.ts";
import { mediaTypeOf, textOfBytes } from "./response-text.ts";
import { toolFailure } from "./tool-failure.ts";

const htmlTypes: ReadonlySet<string> = new Set(["text/html", "application/xhtml+xml"]);

/** Pages without a type are mostly pages. */
function looksLikeHtml(type: string, text: string): boolean {
  return htmlTypes.has(type) || (type === "" && /^\s*<(?:!doctype html|html)\b/i.test(text));
}

/**
 * Reads a page. Capability `http.fetch`, permission `read`, always with the method GET. A page of any status is a result.
 * Failures: `tool-failed` for what is no text; `call-denied` with the HTTP guard's reasons.
 */
export const webFetch: Tool = defineTool({
  name: "webFetch",
  capability: "http.fetch",
  permission: "read",
  description:
    "Reads a page of the web as plain text: headings, lists, links and tables are kept as text, scripts and styles are left out. What is no HTML but text is given as it is.",
  input: z.strictObject({
    url: z.string().describe("http:// or https://"),
    // A policy on http.fetch may read the method of every call.
    method: z.literal("GET").default("GET"),
    limit: z.int().min(1).max(500_000).default(50_000).describe("Most characters to give"),
  }),
  handler: async ({ method, limit }, context) => {
    const headers = { accept: "text/html, application/xhtml+xml, text/*;q=0.9, application/json;q=0.8, */*;q=0.1" };
    const response = await context.request("url", { method, headers });
    const contentType = response.headers["content-type"] ?? "";
    const source = textOfBytes(response.body, contentType);
    if (source === undefined || source.includes("\0"))
      throw toolFailure(`${response.url} is no text (${mediaTypeOf(contentType) || "of no type"}): fetch it with httpFetch`);
    const page = looksLikeHtml(mediaTypeOf(contentType), source) ? textOfHtml(source, response.url) : { title: "", text: source };
    const { status, url } = response;
    return { url, status, contentType, title: page.title, text: cutText(page.text, limit), truncated: page.text.length > limit };
  },
});
