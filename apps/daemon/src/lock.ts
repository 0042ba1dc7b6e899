/**
 * The lock of a data folder, `daemon.lock`: one live daemon each, and where it answers.
 *
 * A lock is made by linking a written file to its name, so that nobody ever reads half of one. The lock
 * of a dead daemon is taken over in two steps: claim the succession of that very incarnation (a link
 * that one contender alone can make), look again, rename over the lock. A contender that dies in
 * between is succeeded in the same way, and a late one finds that the lock has moved on.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { HeddleError } from "@heddle/core";
import * as z from "zod";
import { isAlive, ownIdentity } from "./process-identity.ts";

/** What `daemon.lock` holds. */
export const LockRecord = z.object({
  pid: z.number().int().positive(),
  /** Start of the process as the system tells it; empty where it does not. */
  start: z.string(),
  /** Where the daemon answers gRPC, `host:port`; empty while it starts. */
  address: z.string(),
  /** Where it answers HTTP; empty where it does not. */
  http: z.string().default(""),
  startedAtMs: z.number(),
  incarnation: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
});
export type LockRecord = z.infer<typeof LockRecord>;

/** A lock that this process holds. */
export interface DataFolderLock {
  /** Tells others where to find the daemon: its gRPC address, and that of HTTP where it has one. */
  publish(address: string, http?: string): void;
  /** Lets go. Does nothing the second time. */
  release(): void;
}

/**
 * Takes the lock of a folder, which is made where it is missing.
 *
 * @throws HeddleError `data-folder-locked`, with the live daemon's address and pid in the details.
 */
export function lockDataFolder(dataDir: string, incarnation: string, startedAtMs: number): DataFolderLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, "daemon.lock");
  const draft = join(dataDir, `daemon.lock.${incarnation}`);
  const record: LockRecord = { ...ownIdentity(), address: "", http: "", startedAtMs, incarnation };
  const write = (where: Partial<LockRecord>) => writeWhole(draft, { ...record, ...where });
  write({});
  try {
    while (!linked(draft, path) && !succeeded(path, draft));
  } finally {
    rmSync(draft, { force: true });
  }
  let held = true;
  return {
    publish: (address, http = "") => {
      write({ address, http });
      renameSync(draft, path);
    },
    release: () => {
      if (held && readLock(path)?.incarnation === incarnation) rmSync(path, { force: true });
      held = false;
    },
  };
}

/** The live daemon of a folder; undefined where there is none. */
export function liveDaemonOf(dataDir: string): LockRecord | undefined {
  const holder = readLock(join(dataDir, "daemon.lock"));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** Takes over from a dead holder. False: look again. Throws when the holder, or its successor, lives. */
function succeeded(path: string, draft: string): boolean {
  const dead = readLock(path);
  if (dead === undefined) return false;
  assertDead(path, dead);
  const claims = [claimOn(path, dead)];
  for (let last = claims[0] as string; !linked(draft, last); claims.push(last)) {
    const other = readLock(last);
    if (other === undefined) return false;
    assertDead(path, other);
    last = claimOn(path, other);
  }
  const current = readLock(path)?.incarnation === dead.incarnation && claims.slice(0, -1).every((claim) => readLock(claim));
  if (current) {
    renameSync(draft, path);
    for (const claim of claims) rmSync(claim, { force: true });
    return true;
  }
  rmSync(claims.at(-1) as string, { force: true });
  return false;
}

function claimOn(path: string, dead: LockRecord): string {
  return `${path}.after-${dead.incarnation}`;
}

function assertDead(path: string, holder: LockRecord): void {
  if (!isAlive(holder)) return;
  const { pid, address } = holder;
  const where = address === "" ? "it is still starting" : `it answers at ${address}`;
  throw new HeddleError("data-folder-locked", `another daemon (pid ${pid}) uses the data folder ${dirname(path)}; ${where}`, {
    details: { pid, address },
  });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    if (!hasCode(error, "EPERM") && !hasCode(error, "ENOTSUP") && !hasCode(error, "ENOSYS")) throw error;
  }
  // A file system without links: a copy that refuses to replace is the next best.
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function writeWhole(path: string, record: LockRecord): void {
  const fd = openSync(path, "w", 0o644);
  try {
    writeSync(fd, `${JSON.stringify(record)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readLock(path: string): LockRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    return LockRecord.parse(JSON.parse(text));
  } catch (error) {
    const message = `${path} is not a lock of a daemon; if no daemon uses the folder, remove that file`;
    throw new HeddleError("data-folder-locked", message, { cause: error });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
