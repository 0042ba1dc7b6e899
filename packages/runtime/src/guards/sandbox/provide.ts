/** The sandbox of this machine for somebody who needs one now, and the file of a program that the system's folders do not have. */
import { realpath } from "node:fs/promises";
import { HeddleError } from "@heddle/core";
import { isRefusal, type Refusal } from "../refusal.ts";
import { type Sandbox, type Sandboxed, type SandboxPath, type SandboxProbe, type SandboxWish, sandboxMissing } from "./sandbox.ts";

/** Errors: `capability-denied`, with what to install. */
export async function provideSandbox(probe: SandboxProbe): Promise<Sandbox> {
  const ability = await probe();
  if (ability.kind === "available") return ability.sandbox;
  throw new HeddleError("capability-denied", sandboxMissing(ability));
}

/** Errors: `capability-denied` for what a sandbox refuses to be given. */
export function sandboxed(sandbox: Sandbox, wish: SandboxWish): Sandboxed {
  const wrapped: Sandboxed | Refusal = sandbox.wrap(wish);
  if (isRefusal(wrapped)) throw new HeddleError("capability-denied", wrapped.message, { details: { reason: wrapped.refused } });
  return wrapped;
}

/** The program itself, where it is none of the system's. */
export async function programPaths(program: string): Promise<readonly SandboxPath[]> {
  if (/^\/(?:usr|bin|sbin|lib|lib64)\//.test(program)) return [];
  return [{ source: await realpath(program), place: program }];
}

/** A sandbox has one folder for what is temporary. */
export function inSandbox(environment: Readonly<Record<string, string>>): Record<string, string> {
  return { ...environment, TMPDIR: "/tmp", TEMP: "/tmp", TMP: "/tmp" };
}
