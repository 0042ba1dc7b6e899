/**
 * A sandbox made by bubblewrap: namespaces of its own for everything, the system's folders to read, an empty `/tmp`,
 * and the files of the wish. Pure: what the machine looks like is handed in.
 *
 * Its options go over a file descriptor. There the environment of the program stands too: in an argument vector every
 * user of the machine could read it, and as bubblewrap's own environment it could change how bubblewrap is loaded.
 */
import { isAbsolute, normalize } from "node:path";
import { type Refusal, refuse, shown } from "../refusal.ts";
import type { Sandbox, Sandboxed, SandboxPath, SandboxWish } from "./sandbox.ts";

/** What of a machine every program needs. */
export interface SystemView {
  /** Folders with programs and libraries, as in `/usr`. */
  readonly folders: readonly string[];
  /** Links at the top, as `/lib` to `usr/lib` on most systems. */
  readonly links: readonly { readonly place: string; readonly target: string }[];
  /** Files and folders of `/etc` that hold no secret: how names, certificates and libraries are found. */
  readonly settings: readonly string[];
}

export interface BubblewrapOptions {
  /** Its path. */
  readonly program: string;
  readonly system: SystemView;
  /** Whether it knows `--disable-userns`: since 0.8. */
  readonly closesUserNamespaces: boolean;
}

/** Made by the sandbox itself: a file of the machine must not lie over them. */
const own = /^\/(?:proc|dev|sys)(?:\/|$)/;

export function createBubblewrap(options: BubblewrapOptions): Sandbox {
  return {
    wrap(wish) {
      const refused = refuseWish(wish);
      if (refused !== undefined) return refused;
      const told = [...isolation(options, wish.network), ...systemFiles(options.system, wish.network), ...givenFiles(wish), ...start(wish)];
      return {
        line: [options.program, "--args", String(wish.fd), "--", ...wish.argv],
        environment: {},
        instructions: new TextEncoder().encode(told.map((word) => `${word}\0`).join("")),
      } satisfies Sandboxed;
    },
  };
}

function refuseWish({ argv, folder, environment, files }: SandboxWish): Refusal | undefined {
  for (const { source, place = source } of [...files.read, ...files.write, { source: folder }]) {
    // A source that is the folder of the starter is written as a dot.
    if ((source !== "." && !isPlainPath(source)) || !isPlainPath(place) || own.test(place) || place === "/") {
      return refuse("folder-refused", `${shown(place)} cannot be given to a sandbox: name a folder or file by its real path`);
    }
  }
  if (argv.length === 0 || argv[0] === "") return refuse("command-empty", "the command names no program: write one, as in ls -l");
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[^\0=]+$/.test(name) || value.includes("\0")) {
      return refuse("environment-refused", `the variable ${shown(name)} cannot be given to a program: correct its name or its value`);
    }
  }
  return undefined;
}

function isPlainPath(path: string): boolean {
  return isAbsolute(path) && !path.includes("\0") && normalize(path) === path;
}

function isolation({ closesUserNamespaces }: BubblewrapOptions, network: SandboxWish["network"]): readonly string[] {
  return [
    "--unshare-all",
    ...(network === "all" ? ["--share-net"] : []),
    ...(closesUserNamespaces ? ["--unshare-user", "--disable-userns"] : []),
    "--cap-drop",
    "ALL",
    // Without the terminal of whoever started the runtime, into which it could type.
    "--new-session",
    // Ends with the runtime, however that ends.
    "--die-with-parent",
    "--clearenv",
  ];
}

/** Names and certificates are of use to who has a network; they are files like any other. */
function systemFiles({ folders, links, settings }: SystemView, network: SandboxWish["network"]): readonly string[] {
  const names = network === "all" ? ["/etc/resolv.conf", "/etc/hosts"] : [];
  return [
    ...folders.flatMap((folder) => ["--ro-bind", folder, folder]),
    ...links.flatMap(({ place, target }) => ["--symlink", target, place]),
    ...[...settings, ...names].flatMap((path) => ["--ro-bind-try", path, path]),
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--tmpfs",
    "/tmp",
  ];
}

/** Outer folders first: what is bound later lies over what was bound before. */
function givenFiles({ files }: SandboxWish): readonly string[] {
  const bind = (flag: string) => (path: SandboxPath) => ({ flag, source: path.source, place: path.place ?? path.source });
  const all = [...files.read.map(bind("--ro-bind")), ...files.write.map(bind("--bind"))];
  return all.sort((a, b) => a.place.length - b.place.length).flatMap(({ flag, source, place }) => [flag, source, place]);
}

function start({ folder, environment }: SandboxWish): readonly string[] {
  return [...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]), "--chdir", folder];
}
