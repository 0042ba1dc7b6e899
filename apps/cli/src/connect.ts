/**
 * Which daemon a command speaks to: `--target`, then HEDDLE_TARGET, then the live daemon of the data
 * folder, then one at the default address for which there is a token file. A run that finds none brings
 * its own.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@heddle/client";
import { HeddleError } from "@heddle/core";
import type { Invocation } from "./command.ts";
import { UsageError } from "./command.ts";
import type { CliContext } from "./context.ts";
import { type Embedded, type EmbeddedPorts, isEmbedded, isLocked, startEmbedded } from "./embedded.ts";
import type { Printer } from "./printer.ts";

/** `guest`: a daemon that is embedded in another command, and ends with it. */
export type SessionKind = "target" | "folder" | "guest" | "default" | "embedded";

export interface Session extends AsyncDisposable {
  readonly kind: SessionKind;
  readonly client: Client;
  /** What printed commands need behind them to find the same daemon. */
  readonly flags: string;
  /** The data folder as it was given, for printed commands. */
  readonly dataShown: string;
  /** Resolves when an embedded daemon cannot go on. */
  readonly failed?: Promise<Error>;
  close(): Promise<void>;
}

interface Wish {
  readonly context: CliContext;
  readonly printer: Printer;
  readonly target: string | undefined;
  readonly data: string | undefined;
}

/** How long a daemon that holds the lock may take until it answers. */
const startingMsMax = 20_000;
const lookAgainMs = 50;
const probeMs = 3_000;

/** The session of a command that needs a daemon. Errors: `daemon-unreachable`, with the command that starts one. */
export async function connect(invocation: Invocation): Promise<Session> {
  const wish = wishOf(invocation);
  const found = await findDaemon(wish);
  if (found !== undefined) return found;
  const { defaultTarget } = await import("@heddle/client");
  throw new HeddleError(
    "daemon-unreachable",
    `no daemon uses the data folder ${dataShownOf(wish)}, and none that is yours answers at ${defaultTarget}; start one with: heddle daemon`,
    { details: { target: defaultTarget } },
  );
}

/** The session of a run: as {@link connect}, but where there is no daemon, the run brings its own and says so. */
export async function connectOrEmbed(invocation: Invocation, embedded: boolean): Promise<Session> {
  const wish = wishOf(invocation);
  if (embedded && wish.target !== undefined) throw new UsageError("--embedded and --target exclude each other");
  for (;;) {
    const found = await (embedded ? findInFolder(wish) : findDaemon(wish));
    if (found !== undefined) {
      if (embedded) wish.printer.note(`the data folder ${dataShownOf(wish)} has a live daemon at ${found.client.target}; using that one`);
      return found;
    }
    const own = await embed(wish, "own", (_, shown) =>
      embedded ? `running embedded in ${shown}` : `no daemon found: running embedded in ${shown} (a daemon starts with: heddle daemon)`,
    );
    if (own !== undefined) return own;
  }
}

/**
 * The session of `heddle dev`: the daemon that is named, else that of the data folder, else one of its own at the usual
 * ports or, where those are taken, at others. A daemon of another folder is somebody else's project.
 */
export async function connectOrServe(invocation: Invocation): Promise<Session> {
  const wish = wishOf(invocation);
  for (;;) {
    const found = await (targetOf(wish) === undefined ? findInFolder(wish) : findDaemon(wish));
    if (found !== undefined) {
      wish.printer.note(`using the daemon at ${found.client.target}`);
      return found;
    }
    const own = await embed(wish, "usual", ({ address, httpAddress }, shown) =>
      [`daemon at ${address}`, ...(httpAddress === undefined ? [] : [`http ${httpAddress}`]), `data in ${shown}`].join(", "),
    );
    if (own !== undefined) return own;
  }
}

/** Runs a command against its daemon, and lets go of it. */
export async function withClient(invocation: Invocation, use: (client: Client, session: Session) => Promise<number>): Promise<number> {
  await using session = await connect(invocation);
  return await use(session.client, session);
}

function wishOf({ context, options, printer }: Invocation): Wish {
  return { context, printer, target: options.text("target"), data: options.text("data") };
}

function dataShownOf({ context, data }: Wish): string {
  return data ?? ((context.env["HEDDLE_DATA"] ?? "") || "./.heddle");
}

function dataDirOf(wish: Wish): string {
  return resolve(wish.context.cwd, dataShownOf(wish));
}

/** The daemon that is named. */
function targetOf({ context: { env }, target }: Wish): string | undefined {
  return target ?? [env["HEDDLE_TARGET"], env["MN_GRPC_TARGET"]].find((value) => (value ?? "") !== "");
}

async function findDaemon(wish: Wish): Promise<Session | undefined> {
  const target = targetOf(wish);
  if (target !== undefined) {
    const session = await sessionAt(wish, "target", target);
    try {
      await session.client.runtime.status({}, { timeoutMs: probeMs });
      return session;
    } catch (error) {
      await session.close();
      throw unreachableAt(error, target);
    }
  }
  return (await findInFolder(wish)) ?? (await findAtDefault(wish));
}

/** With the port, where it is not the usual one. */
function unreachableAt(error: unknown, target: string): unknown {
  if (!isAway(error)) return error;
  const port = target.slice(target.lastIndexOf(":") + 1);
  const command = port === "55051" ? "heddle daemon" : `heddle daemon --grpc-port ${port}`;
  return new HeddleError("daemon-unreachable", `no daemon answers at ${target}; start one with: ${command}`, {
    details: { target },
    cause: error,
  });
}

async function findInFolder(wish: Wish): Promise<Session | undefined> {
  const { liveDaemonOf } = await import("@heddle/daemon");
  const dataDir = dataDirOf(wish);
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const holder = liveDaemonOf(dataDir);
    if (holder === undefined) return undefined;
    const guest = holder.address !== "" && isEmbedded(dataDir, holder.address);
    if (holder.address !== "" && !guest) return sessionAt(wish, "folder", holder.address);
    // A daemon that starts, or an embedded one that is about to end: a moment later we know.
    const answering = guest ? await answeringGuest(wish, holder.address) : undefined;
    if (answering !== undefined) return answering;
    if (waitedMs >= startingMsMax) {
      throw new HeddleError(
        "daemon-unreachable",
        `the daemon of ${dataShownOf(wish)} (pid ${holder.pid}) holds the lock and does not answer yet`,
      );
    }
    await sleep(lookAgainMs);
  }
}

async function answeringGuest(wish: Wish, address: string): Promise<Session | undefined> {
  const session = await sessionAt(wish, "guest", address);
  try {
    await session.client.runtime.status({}, { timeoutMs: probeMs });
    return session;
  } catch (error) {
    await session.close();
    if (isAway(error)) return undefined;
    throw error;
  }
}

/** The daemon cannot be reached now, whatever it would say. */
export function isAway(error: unknown): boolean {
  return HeddleError.is(error) && ["daemon-unreachable", "shutting-down", "deadline-exceeded"].includes(error.code);
}

async function findAtDefault(wish: Wish): Promise<Session | undefined> {
  const { defaultTarget, readTokenFile } = await import("@heddle/client");
  if (readTokenFile(defaultTarget, homeOf(wish.context)) === undefined) return undefined;
  const session = await sessionAt(wish, "default", defaultTarget);
  try {
    await session.client.runtime.status({}, { timeoutMs: probeMs });
    return session;
  } catch (error) {
    await session.close();
    // One that does not know the token is somebody else's.
    if (isAway(error) || HeddleError.is(error, "unauthenticated")) return undefined;
    throw error;
  }
}

async function sessionAt(wish: Wish, kind: SessionKind, target: string, own?: Embedded): Promise<Session> {
  const { createClient, readTokenFile } = await import("@heddle/client");
  const { context, data } = wish;
  // A token in the environment is for another daemon than the one in this process.
  const token = own === undefined ? undefined : readTokenFile(target, homeOf(context));
  // Whose daemon may end at any time looks for another one instead of waiting for it.
  const client = createClient({ target, token, env: context.env, ...(kind === "guest" ? { reattachMs: 1 } : {}) });
  const close = async () => {
    await client.close();
    await own?.close();
  };
  return {
    kind,
    client,
    flags: wish.target !== undefined ? ` --target ${wish.target}` : data !== undefined ? ` --data ${shellWord(data)}` : "",
    dataShown: dataShownOf(wish),
    ...(own === undefined ? {} : { failed: own.failed }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Undefined: somebody else took the folder in this moment. */
async function embed(wish: Wish, ports: EmbeddedPorts, note: (own: Embedded, shown: string) => string): Promise<Session | undefined> {
  let own: Embedded;
  try {
    own = await startEmbedded(wish.context, dataDirOf(wish), ports);
  } catch (error) {
    if (isLocked(error)) return undefined;
    throw error;
  }
  wish.printer.note(note(own, dataShownOf(wish)));
  return sessionAt(wish, "embedded", own.address, own);
}

/** The folder of the user's own files, where token files are. */
function homeOf({ env }: CliContext): string {
  return (env["HEDDLE_HOME"] ?? "") || join(homedir(), ".heddle");
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
