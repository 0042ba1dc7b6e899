/**
 * Paths that leave their root, deceive, or change between being judged and being used. Tests lay out a folder
 * `workspace`, which is the root, beside a folder `outside` with `secret.txt`; `@workspace` and `@outside`
 * stand for their absolute paths.
 */
import { character, type EvilCase, type Family } from "./family.ts";

/** Laid out in order, beneath `workspace` unless the path is absolute. */
export type Arrangement =
  | { readonly file: string; readonly bytes?: number }
  | { readonly folder: string }
  | { readonly link: string; readonly to: string }
  | { readonly hardLink: string; readonly to: string }
  | { readonly pipe: string }
  | { readonly socket: string }
  /** What was there is moved beside it, with `.was` behind its name, and a link or another thing takes its place. */
  | { readonly replace: string; readonly by: "link" | "pipe" | "folder" | "file" | "nothing"; readonly to?: string };

export type PathOperation = "resolve" | "read" | "write" | "write-parents" | "list" | "stat" | "walk" | "remove" | "remove-all";

export interface TriedPath {
  readonly path: string;
  readonly operation: PathOperation;
  readonly arrange?: readonly Arrangement[];
  /** Done after the path was judged, before it is used. */
  readonly swap?: readonly Arrangement[];
  /** Done while it is used, after this step at this name. */
  readonly swapAfter?: { readonly step: "opened-root" | "entered" | "looked" | "written"; readonly at: string };
}

export type PathCase = EvilCase<TriedPath>;

const resolved = (path: string, arrange: readonly Arrangement[] = []): TriedPath => ({ path, operation: "resolve", arrange });
const judged = (evil: string, refused: PathCase["refused"], twin: string, arrange: readonly Arrangement[] = []): PathCase => ({
  evil: resolved(evil, arrange),
  refused,
  twin: resolved(twin, arrange),
});

const traversal: Family<PathCase> = {
  name: "traversal",
  cases: [
    judged("..", "path-escapes-root", "."),
    judged("../outside/secret.txt", "path-escapes-root", "../workspace/notes.txt"),
    judged("src/../../outside/secret.txt", "path-escapes-root", "src/../notes.txt"),
    judged("a/b/c/../../../../outside", "path-escapes-root", "a/b/c/../../../notes.txt"),
    judged("./.././outside", "path-escapes-root", "./././notes.txt"),
    judged("../../../../../../../../../../etc/passwd", "path-escapes-root", "src/main.ts"),
    judged("../workspace-2/x", "path-escapes-root", "../workspace/x"),
    judged("../workspac", "path-escapes-root", "../workspace"),
    judged("missing/../../outside/secret.txt", "path-escapes-root", "missing/../notes.txt"),
    judged("...//../../outside", "path-escapes-root", ".../outside"),
  ],
};

const absolute: Family<PathCase> = {
  name: "absolute paths",
  cases: [
    judged("/etc/passwd", "path-escapes-root", "@workspace/etc/passwd"),
    judged("/", "path-escapes-root", "@workspace/"),
    judged("@outside/secret.txt", "path-escapes-root", "@workspace/notes.txt"),
    judged("@workspace/../outside/secret.txt", "path-escapes-root", "@workspace/../workspace/notes.txt"),
    judged("//etc/passwd", "path-escapes-root", "@workspace//notes.txt"),
    judged("/proc/self/environ", "path-escapes-root", "proc/self/environ"),
    judged("/dev/zero", "path-escapes-root", "dev/zero"),
  ],
};

const linkTree: readonly Arrangement[] = [
  { folder: "real/inner" },
  { file: "real/inner/file.txt" },
  { link: "away", to: "@outside" },
  { link: "real/away", to: "../../outside" },
  { link: "real/inner/away.txt", to: "@outside/secret.txt" },
  { link: "near", to: "real" },
  { link: "real/inner/near.txt", to: "file.txt" },
  { link: "twice", to: "near/away" },
  { link: "dangling", to: "@outside/new.txt" },
  { link: "dangling-near", to: "real/new.txt" },
  { link: "up", to: ".." },
  { link: "self-up", to: "../workspace/real" },
];

const links: Family<PathCase> = {
  name: "links at each component",
  cases: [
    judged("away/secret.txt", "path-escapes-root", "near/inner/file.txt", linkTree),
    judged("real/away/secret.txt", "path-escapes-root", "real/inner/file.txt", linkTree),
    judged("real/inner/away.txt", "path-escapes-root", "real/inner/near.txt", linkTree),
    judged("near/away/secret.txt", "path-escapes-root", "near/inner/near.txt", linkTree),
    judged("twice/secret.txt", "path-escapes-root", "near", linkTree),
    judged("dangling", "path-escapes-root", "dangling-near", linkTree),
    judged("away/not/yet/there", "path-escapes-root", "near/not/yet/there", linkTree),
    judged("up/outside/secret.txt", "path-escapes-root", "up/workspace/real", linkTree),
    judged("up", "path-escapes-root", "self-up", linkTree),
    judged("real/inner/file.txt/deeper", "file-not-folder", "real/inner/deeper", linkTree),
  ],
};

const loopTree: readonly Arrangement[] = [
  { link: "me", to: "me" },
  { link: "ping", to: "pong" },
  { link: "pong", to: "ping" },
  { folder: "deep" },
  { link: "deep/again", to: "../deep" },
  { link: "grow", to: "grow/x" },
  { link: "gap", to: "missing/../deep" },
  { link: "straight", to: "deep" },
];

const loops: Family<PathCase> = {
  name: "link loops",
  cases: [
    judged("me", "path-link-loop", "straight", loopTree),
    judged("ping/file", "path-link-loop", "straight/file", loopTree),
    judged("grow", "path-link-loop", "grown", loopTree),
    judged(`deep${"/again".repeat(41)}`, "path-link-loop", `deep${"/again".repeat(40)}`, loopTree),
    judged("gap", "file-not-found", "deep", loopTree),
  ],
};

const characters: Family<PathCase> = {
  name: "characters",
  cases: [
    judged(`notes.txt${character(0)}.png`, "path-character", "notes.txt.png"),
    judged("notes\n.txt", "path-character", "notes .txt"),
    judged("notes\r.txt", "path-character", "notes-.txt"),
    judged(`${character(0x1b)}[2Jx`, "path-character", "[2Jx"),
    judged(`a${character(0x7f)}`, "path-character", "a~"),
    judged(`a${character(0x9b)}31m`, "path-character", `a${character(0xe9)}31m`),
    judged(`photo${character(0x202e)}gpj.sh`, "path-character", "photogpj.sh"),
    judged(`a${character(0x2066)}b`, "path-character", `a${character(0x200d)}b`),
    judged(`a${character(0x2028)}b`, "path-character", `a${character(0xa0)}b`),
    judged(`a${character(0xd800)}`, "path-character", `a${character(0xd83d)}${character(0xde00)}`),
    judged("..\\..\\outside\\secret.txt", "path-character", "..--..--outside"),
    judged("src\\main.ts", "path-character", "src/main.ts"),
    judged("", "path-empty", "."),
  ],
};

const reservedNames: Family<PathCase> = {
  name: "names of devices and drives",
  cases: [
    judged("NUL", "path-reserved-name", "NULL"),
    judged("con.txt", "path-reserved-name", "console.txt"),
    judged("src/aux.c", "path-reserved-name", "src/auxiliary.c"),
    judged("COM1", "path-reserved-name", "COM10"),
    judged("lpt9.log", "path-reserved-name", "lpt.log"),
    judged(`com${character(0xb9)}`, "path-reserved-name", `com${character(0xaa)}`),
    judged("nul .txt", "path-reserved-name", "nul-.txt"),
    judged("prn. . .", "path-reserved-name", "prn-. . ."),
    judged("nul:stream", "path-reserved-name", "null:stream"),
    judged("CONIN$", "path-reserved-name", "CONIN"),
    judged("C:/Windows/win.ini", "path-reserved-name", "C/Windows/win.ini"),
    judged("c:secret.txt", "path-reserved-name", "c-secret.txt"),
    judged("src/d:/x", "path-reserved-name", "src/12:30/x"),
  ],
};

const unicode: Family<PathCase> = {
  name: "unicode and case that only looks the same",
  cases: [
    // The root is called workspace; none of these is.
    judged("../WORKSPACE/notes.txt", "path-escapes-root", "../workspace/NOTES.txt"),
    judged(`../works${character(0x0440)}ace/notes.txt`, "path-escapes-root", `${character(0x0440)}/notes.txt`),
    judged(`../workspace${character(0x200b)}/notes.txt`, "path-escapes-root", `n${character(0x200b)}otes.txt`),
    judged("../workspace%2Fnotes.txt", "path-escapes-root", "..%2Foutside"),
    judged(`../workspac${character(0x65)}${character(0x301)}`, "path-escapes-root", `caf${character(0x65)}${character(0x301)}`),
    judged("../outside", "path-escapes-root", `${character(0xff0e)}${character(0xff0e)}/outside`),
    judged("../../outside", "path-escapes-root", `..${character(0x2215)}..${character(0x2215)}outside`),
    judged("../~", "path-escapes-root", "~/.ssh/id_ed25519"),
  ],
};

const lengths: Family<PathCase> = {
  name: "long names and paths",
  cases: [
    judged("n".repeat(256), "path-too-long", "n".repeat(255)),
    judged(character(0xe9).repeat(128), "path-too-long", character(0xe9).repeat(127)),
    judged("d/".repeat(2_100), "path-too-long", "d/".repeat(1_000)),
    judged(`${"a/../".repeat(900)}b`, "path-too-long", `${"a/../".repeat(800)}b`),
    judged(`far/${"e/".repeat(700)}`, "path-too-long", `far/${"e/".repeat(300)}`, [{ link: "far", to: "d/".repeat(1_500) }]),
    judged(`@workspace/${"d/".repeat(2_045)}`, "path-too-long", `@workspace/${"d/".repeat(1_900)}`),
  ],
};

const kinds: Family<PathCase> = {
  name: "pipes, sockets and other things that are no files",
  cases: (["read", "write", "stat", "remove"] as const)
    .flatMap((operation): PathCase[] => [
      {
        evil: { path: "thing", operation, arrange: [{ pipe: "thing" }] },
        refused: "file-kind-refused",
        twin: { path: "thing", operation, arrange: [{ file: "thing" }] },
      },
      {
        evil: { path: "thing", operation, arrange: [{ socket: "thing" }] },
        refused: "file-kind-refused",
        twin: { path: "thing", operation, arrange: [{ file: "thing" }] },
      },
    ])
    .concat([
      {
        evil: { path: "folder", operation: "read", arrange: [{ folder: "folder" }] },
        refused: "file-is-folder",
        twin: { path: "folder/file", operation: "read", arrange: [{ file: "folder/file" }] },
      },
      {
        evil: { path: "folder", operation: "write", arrange: [{ folder: "folder" }] },
        refused: "file-is-folder",
        twin: { path: "folder/new", operation: "write", arrange: [{ folder: "folder" }] },
      },
      {
        evil: { path: "file", operation: "list", arrange: [{ file: "file" }] },
        refused: "file-not-folder",
        twin: { path: "file", operation: "list", arrange: [{ folder: "file" }] },
      },
    ]),
};

/** Each operation beneath a folder that becomes a link to `outside`, once it was judged. */
const parentSwaps: Family<PathCase> = {
  name: "a folder on the way becomes a link after judging",
  cases: (["read", "write", "write-parents", "stat", "list", "walk", "remove", "remove-all"] as const).map((operation): PathCase => {
    const isFolder = operation === "list" || operation === "walk" || operation === "remove-all";
    const path = isFolder ? "way/folder" : "way/secret.txt";
    const arrange: Arrangement[] = [{ folder: "way/folder" }, { file: "way/secret.txt" }];
    return {
      evil: { path, operation, arrange, swap: [{ replace: "way", by: "link", to: "@outside" }] },
      refused: "path-link-swapped",
      twin: { path, operation, arrange, swap: [{ replace: "beside", by: "link", to: "@outside" }] },
    };
  }),
};

/** As before, for the last part of the path. */
const lastSwaps: Family<PathCase> = {
  name: "what was judged becomes something else",
  cases: [
    ...(["read", "write", "stat", "remove"] as const).map(
      (operation): PathCase => ({
        evil: {
          path: "file.txt",
          operation,
          arrange: [{ file: "file.txt" }],
          swap: [{ replace: "file.txt", by: "link", to: "@outside/secret.txt" }],
        },
        refused: "path-link-swapped",
        twin: { path: "file.txt", operation, arrange: [{ file: "file.txt" }], swap: [{ replace: "file.txt", by: "file" }] },
      }),
    ),
    ...(["list", "walk", "remove-all"] as const).map(
      (operation): PathCase => ({
        evil: { path: "folder", operation, arrange: [{ folder: "folder" }], swap: [{ replace: "folder", by: "link", to: "@outside" }] },
        refused: "path-link-swapped",
        twin: { path: "folder", operation, arrange: [{ folder: "folder" }], swap: [{ replace: "folder", by: "folder" }] },
      }),
    ),
    {
      evil: { path: "file.txt", operation: "read", arrange: [{ file: "file.txt" }], swap: [{ replace: "file.txt", by: "pipe" }] },
      refused: "file-kind-refused",
      twin: { path: "file.txt", operation: "read", arrange: [{ file: "file.txt" }], swap: [{ replace: "other", by: "pipe" }] },
    },
    {
      evil: { path: "new.txt", operation: "write", swap: [{ file: "new.txt" }] },
      refused: "path-changed",
      twin: { path: "new.txt", operation: "write", swap: [{ file: "new2.txt" }] },
    },
    {
      evil: { path: "file.txt", operation: "write", arrange: [{ file: "file.txt" }], swap: [{ replace: "file.txt", by: "nothing" }] },
      refused: "path-changed",
      twin: { path: "file.txt", operation: "write", arrange: [{ file: "file.txt" }] },
    },
    {
      evil: { path: "file.txt", operation: "read", arrange: [{ file: "file.txt" }], swap: [{ replace: "file.txt", by: "nothing" }] },
      refused: "file-not-found",
      twin: { path: "file.txt", operation: "read", arrange: [{ file: "file.txt" }] },
    },
    {
      evil: { path: "new/x.txt", operation: "write-parents", swap: [{ link: "new", to: "@outside" }] },
      refused: "path-link-swapped",
      twin: { path: "new/x.txt", operation: "write-parents", swap: [{ folder: "new" }] },
    },
  ],
};

const duringUse: Family<PathCase> = {
  name: "swaps in the middle of an operation",
  cases: [
    {
      evil: {
        path: "a/b/file.txt",
        operation: "read",
        arrange: [{ file: "a/b/file.txt" }],
        swap: [{ replace: "a/b", by: "link", to: "@outside" }],
        swapAfter: { step: "entered", at: "a" },
      },
      refused: "path-link-swapped",
      twin: { path: "a/b/file.txt", operation: "read", arrange: [{ file: "a/b/file.txt" }] },
    },
    {
      evil: {
        path: "a/b/secret.txt",
        operation: "read",
        arrange: [{ file: "a/b/secret.txt" }],
        swap: [{ replace: "a", by: "link", to: "@outside" }],
        swapAfter: { step: "opened-root", at: "" },
      },
      refused: "path-link-swapped",
      twin: { path: "a/b/secret.txt", operation: "read", arrange: [{ file: "a/b/secret.txt" }] },
    },
    {
      evil: {
        path: "a/file.txt",
        operation: "read",
        arrange: [{ file: "a/file.txt" }],
        swap: [{ replace: "a/file.txt", by: "link", to: "@outside/secret.txt" }],
        swapAfter: { step: "looked", at: "a/file.txt" },
      },
      refused: "path-link-swapped",
      twin: { path: "a/file.txt", operation: "read", arrange: [{ file: "a/file.txt" }] },
    },
    {
      evil: {
        path: "a/file.txt",
        operation: "read",
        arrange: [{ file: "a/file.txt" }],
        swap: [{ replace: "a/file.txt", by: "pipe" }],
        swapAfter: { step: "looked", at: "a/file.txt" },
      },
      refused: "file-kind-refused",
      twin: { path: "a/file.txt", operation: "read", arrange: [{ file: "a/file.txt" }] },
    },
    {
      evil: {
        path: "a/file.txt",
        operation: "write",
        arrange: [{ file: "a/file.txt" }],
        swap: [{ replace: "a/file.txt", by: "link", to: "@outside/secret.txt" }],
        swapAfter: { step: "written", at: "" },
      },
      refused: "path-link-swapped",
      twin: { path: "a/file.txt", operation: "write", arrange: [{ file: "a/file.txt" }] },
    },
    {
      evil: {
        path: "a/new.txt",
        operation: "write",
        arrange: [{ folder: "a" }],
        swap: [{ file: "a/new.txt" }],
        swapAfter: { step: "written", at: "" },
      },
      refused: "path-changed",
      twin: { path: "a/new.txt", operation: "write", arrange: [{ folder: "a" }] },
    },
  ],
};

const roots: Family<PathCase> = {
  name: "the root itself",
  cases: (["write", "remove", "remove-all", "read"] as const).map(
    (operation): PathCase => ({
      evil: { path: ".", operation },
      refused: "root-refused",
      twin: { path: operation === "remove-all" ? "folder" : "file", operation, arrange: [{ file: "file" }, { folder: "folder" }] },
    }),
  ),
};

const sizes: Family<PathCase> = {
  name: "more than may be read or removed",
  cases: [
    {
      evil: { path: "big", operation: "read", arrange: [{ file: "big", bytes: 65_537 }] },
      refused: "file-too-large",
      twin: { path: "big", operation: "read", arrange: [{ file: "big", bytes: 65_536 }] },
    },
    {
      evil: { path: "full", operation: "remove", arrange: [{ file: "full/file" }] },
      refused: "folder-not-empty",
      twin: { path: "full", operation: "remove-all", arrange: [{ file: "full/file" }] },
    },
    {
      evil: { path: "deep", operation: "remove-all", arrange: [{ folder: `deep${"/d".repeat(64)}` }] },
      refused: "tree-too-large",
      twin: { path: "deep", operation: "remove-all", arrange: [{ folder: `deep${"/d".repeat(63)}` }] },
    },
  ],
};

/** Judged by {@link FileGuard.resolve} alone. */
export const judgedPathFamilies = [traversal, absolute, links, loops, characters, reservedNames, unicode, lengths];

/** Judged, and then used. */
export const usedPathFamilies = [kinds, parentSwaps, lastSwaps, duringUse, roots, sizes];
