/** What the file system says, as refusals. */
import { type Refusal, type RefusalCode, refuse, shown } from "../refusal.ts";

const known: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  ENOENT: ["file-not-found", "does not exist: look at what is there with a list of its folder"],
  EACCES: ["file-access-denied", "may not be reached by this process: change its permissions, or use another file"],
  EPERM: ["file-access-denied", "may not be reached by this process: change its permissions, or use another file"],
  EROFS: ["file-access-denied", "is on a file system that cannot be written: use another folder"],
  EISDIR: ["file-is-folder", "is a folder: name a file in it"],
  ENOTDIR: ["file-not-folder", "passes through something that is not a folder: correct the path"],
  ELOOP: ["path-link-swapped", "has become a link: ask again, so that it is judged anew"],
  ENAMETOOLONG: ["path-too-long", "is longer than this file system takes: use a shorter one"],
  EEXIST: ["path-changed", "has come into being since it was judged: ask again"],
  ENOTEMPTY: ["folder-not-empty", "is not empty: remove what is in it first, or ask for all of it to be removed"],
  ENXIO: ["file-kind-refused", "is no regular file: use one that is"],
  ENODEV: ["file-kind-refused", "is no regular file: use one that is"],
  ENOSPC: ["storage-full", "does not fit: the storage is full, free some of it"],
  EDQUOT: ["storage-full", "does not fit: the quota is used up, free some of it"],
  EFBIG: ["file-too-large", "is larger than the system allows: write less"],
};

/** What was caught while a path was worked on. What is no error of the system is a bug, and is thrown on. */
export function refusalOfError(error: unknown, path: string): Refusal {
  const code = systemCodeOf(error);
  if (code === undefined) throw error;
  const [refused, text] = known[code] ?? ["file-failed", `cannot be worked on (${code}): look at the storage it is on`];
  return refuse(refused, `${shown(path)} ${text}`);
}

/** As `ENOENT`; undefined of what is no error of the system. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
