/** The facts of grants: that one was made, used for a call, or revoked. */
import type { JsonObject } from "@heddle/core";

/** How the streams of grants begin. */
export const grantStreams = "grant:";

/** What an event of a grant decided: all of it, since it holds ids, names and a digest alone. */
export function grantDecision(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}
