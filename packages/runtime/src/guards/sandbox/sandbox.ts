/**
 * A sandbox: the programs in it reach the files and the network that they were given, and nothing else of the machine.
 *
 * Architecture invariant: who wants a sandbox and cannot have one is refused. Nothing runs with less instead.
 */
import type { Refusal } from "../refusal.ts";

/** A file or folder of the machine, and where a program finds it. */
export interface SandboxPath {
  readonly source: string;
  /** Absolute. Default: the source. */
  readonly place?: string;
}

/** What a program is given. */
export interface SandboxWish {
  /** The program, as a path or a name to be found within, and its arguments. */
  readonly argv: readonly string[];
  /** Where it starts; within what it may read or write. */
  readonly folder: string;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly files: { readonly read: readonly SandboxPath[]; readonly write: readonly SandboxPath[] };
  /** `none` has no interface but a loopback of its own. */
  readonly network: "none" | "all";
  /** The file descriptor that the starter hands `instructions` over. */
  readonly fd: number;
}

/** A program as it is started: what confines it, and what that is told. */
export interface Sandboxed {
  readonly line: readonly string[];
  /** Of what confines. Empty: a variable of a bundle that changes how programs are loaded must not reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** To be written to the file descriptor of the wish, which is then closed. Holds the environment: argument vectors can be read by everybody. */
  readonly instructions: Uint8Array;
}

/** How a program becomes one in a sandbox. Errors: `capability-denied`. */
export type Confine = (argv: readonly string[], environment: Readonly<Record<string, string>>, fd: number) => Sandboxed;

export interface Sandbox {
  /** Codes: `folder-refused` for what cannot be given, `environment-refused`, `command-empty`. */
  wrap(wish: SandboxWish): Sandboxed | Refusal;
}

/** What a machine can give. `why`: one clause for people; `remedy`: what to do. */
export type SandboxAbility =
  | { readonly kind: "available"; readonly sandbox: Sandbox; readonly name: string }
  | { readonly kind: "unavailable"; readonly why: string; readonly remedy: string };

/** Answers once for a process; asking again costs nothing. */
export type SandboxProbe = () => Promise<SandboxAbility>;

/** Why there is none, as one sentence. */
export function sandboxMissing({ why, remedy }: Extract<SandboxAbility, { kind: "unavailable" }>): string {
  return `this machine gives no sandbox: ${why}; ${remedy}`;
}
