/**
 * A hook elsewhere, called by HTTP. The request says when it was made and what is in it, and both are signed with the
 * secret that the registration was given; it goes through the guard of destinations, and to public places encrypted.
 */
import { createHash, createHmac } from "node:crypto";
import { HeddleError } from "@heddle/core";
import type { Clock } from "@heddle/ports";
import { parseUrl } from "../guards/destinations/destination.ts";
import type { HttpGuard } from "../guards/destinations/http-guard.ts";
import { type DestinationPolicy, judgeDestination } from "../guards/destinations/judge-destination.ts";
import { isRefusal } from "../guards/refusal.ts";
import type { HookCall } from "./hook-book.ts";

export interface CallbackOptions {
  readonly http: HttpGuard;
  readonly clock: Clock;
  /** The operator's rules about what may be private. */
  readonly destinations: DestinationPolicy;
}

const answerBytesMax = 1024 * 1024;

/** Any public place, and the private ones that the operator names. What calls may reach does not bind their hooks. */
function policyOf({ privateRules }: DestinationPolicy): DestinationPolicy {
  return { rules: [{ kind: "all" }, ...privateRules], privateRules };
}

/** @throws HeddleError `hook-invalid` where nothing could be sent to that URL. */
export function assertCallable(text: string, destinations: DestinationPolicy): void {
  const problem = problemOf(text, destinations);
  if (problem !== undefined) throw new HeddleError("hook-invalid", `the url of the hook: ${problem}`);
}

function problemOf(text: string, destinations: DestinationPolicy): string | undefined {
  const url = parseUrl(text);
  if (isRefusal(url)) return url.message;
  const refused = judgeDestination(url, policyOf(destinations));
  if (refused !== undefined) return refused.message;
  const { privateRules } = destinations;
  const isPrivate = judgeDestination(url, { rules: privateRules, privateRules }) === undefined;
  if (url.scheme !== "http" || isPrivate) return undefined;
  return "calls are not told in the clear: use https, or a host among the operator's private ones";
}

/** The signature of a callback: over its time, in milliseconds since the epoch, and the digest of its body. */
export function signatureOf(secret: string, timestampMs: number, body: string): { readonly digest: string; readonly signature: string } {
  const digest = `sha256=${createHash("sha256").update(body).digest("hex")}`;
  const signature = `v1=${createHmac("sha256", secret).update(`${timestampMs}.${digest}`).digest("hex")}`;
  return { digest, signature };
}

/** Tells a hook of a call, and gives what it says. Rejects where it says nothing that can be read in time. */
export async function callBack(
  { http, clock, destinations }: CallbackOptions,
  hook: { readonly url: string; readonly secret: string; readonly timeoutMs: number },
  { tenant: _, ...call }: HookCall,
): Promise<unknown> {
  const body = JSON.stringify(call);
  const timestampMs = clock.nowMs();
  const { digest, signature } = signatureOf(hook.secret, timestampMs, body);
  const answer = await http.request({
    url: hook.url,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "heddle-timestamp": String(timestampMs),
      "heddle-digest": digest,
      "heddle-signature": signature,
    },
    body,
    policy: policyOf(destinations),
    limits: { timeMs: hook.timeoutMs, responseBytesMax: answerBytesMax, requestBytesMax: 16 * 1024 * 1024 },
  });
  if (isRefusal(answer)) throw new HeddleError("daemon-unreachable", answer.message);
  if (answer.status < 200 || answer.status > 299) throw new HeddleError("value-invalid", `it answered ${answer.status}`);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(answer.body).trim();
  return text === "" ? undefined : JSON.parse(text);
}
