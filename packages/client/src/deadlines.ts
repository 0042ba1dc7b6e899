/** How long one attempt may take: what the call says, else what the client says, else for ever. */
import type { AttemptOptions, CallOptions } from "./transport.ts";

/** One attempt that has the client's deadline, unless the call says another. */
export function once(call: CallOptions | undefined, timeoutMs: number): AttemptOptions {
  return { signal: call?.signal, deadline: Date.now() + (call?.timeoutMs ?? timeoutMs) };
}

/** One that may take for ever, unless the call says how long. */
export function open(call: CallOptions | undefined): AttemptOptions {
  return { signal: call?.signal, deadline: call?.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs };
}
