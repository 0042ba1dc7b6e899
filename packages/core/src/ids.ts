/** Identifiers. Opaque to callers; minted by the runtime from a clock reading and random bytes. */
import * as z from "zod";
import { hashText } from "./hash.ts";

export const RunId = z.string().regex(/^run_[0-9a-z]{26}$/, "expected run_ followed by 26 characters of 0-9a-z");
export type RunId = z.infer<typeof RunId>;

/** `<run id>/<activation>`: one durable request for work, and the idempotency key that it carries. */
export const CallId = z.string().regex(/^run_[0-9a-z]{26}\/[0-9]{1,15}$/, "expected <run id>/<activation number>");
export type CallId = z.infer<typeof CallId>;

export const GrantId = z.string().regex(/^grt_[0-9a-z]{26}$/, "expected grt_ followed by 26 characters of 0-9a-z");
export type GrantId = z.infer<typeof GrantId>;

export const HookId = z.string().regex(/^hook_[0-9a-z]{26}$/, "expected hook_ followed by 26 characters of 0-9a-z");
export type HookId = z.infer<typeof HookId>;

export const TokenId = z.string().regex(/^tok_[0-9a-z]{26}$/, "expected tok_ followed by 26 characters of 0-9a-z");
export type TokenId = z.infer<typeof TokenId>;

/** Whose data. Comes from the token, never from a request. */
export const TenantId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "expected 1 to 63 characters of a-z0-9_-");
export type TenantId = z.infer<typeof TenantId>;

export const defaultTenant: TenantId = "default";

/** A name in a workflow: of the workflow, a node, an edge, a handler. Not `__proto__`: names are keys of objects. */
export const Name = z
  .string()
  .regex(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_.-]{0,127}$/, "expected a letter or _, then up to 127 of A-Za-z0-9_.-");
export type Name = z.infer<typeof Name>;

/** A variable of a frame: dots are allowed so that a stage's field can be one (`plan.summary`). */
export const VariableName = z
  .string()
  .regex(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/, "expected an identifier, or two joined by a dot")
  .max(128);
export type VariableName = z.infer<typeof VariableName>;

/** Milliseconds since the Unix epoch. Always an input of pure code. */
export const TimestampMs = z.number().int().nonnegative();
export type TimestampMs = z.infer<typeof TimestampMs>;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** 26 characters, ordered by time: 10 of the clock reading, 16 of 80 random bits (`random`: at least 10 bytes). */
export function mintId(prefix: string, atMs: TimestampMs, random: Uint8Array): string {
  let time = "";
  let rest = atMs;
  for (let i = 0; i < 10; i++) {
    time = alphabet.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${time}${base32(random.subarray(0, 10), 16)}`;
}

/** The id that names always give: the same parts, the same id. */
export function derivedId(prefix: string, ...parts: readonly string[]): string {
  const hex = hashText(JSON.stringify(parts)).slice("sha256:".length);
  const bytes = Uint8Array.from({ length: 17 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  return `${prefix}_${base32(bytes, 26)}`;
}

function base32(bytes: Uint8Array, length: number): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < length) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
