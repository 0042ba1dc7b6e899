/**
 * What of a sandbox this machine can give: found out by starting an empty program in one, since what is installed may
 * still not be allowed. Asked once in a process.
 */
import { access, constants, lstat, readlink } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { isRefusal } from "../refusal.ts";
import { type BubblewrapOptions, createBubblewrap, type SystemView } from "./bubblewrap.ts";
import type { SandboxAbility, SandboxProbe } from "./sandbox.ts";
import { type Instructed, startInstructed } from "./start-instructed.ts";

/** What the probe does to the machine: for tests. */
export interface ProbeParts {
  readonly platform: NodeJS.Platform;
  readonly path: string | undefined;
  isProgram(path: string): Promise<boolean>;
  system(): Promise<SystemView>;
  run(started: Instructed): Promise<{ readonly exitCode: number | undefined; readonly output: string }>;
}

const remedies = {
  platform: "run what needs a sandbox on Linux",
  install: "install bubblewrap, as in: apt-get install bubblewrap, or: dnf install bubblewrap",
  allow:
    "allow user namespaces for it: sysctl kernel.unprivileged_userns_clone=1, an AppArmor profile for bwrap, or a container that may unshare",
} as const;

export function createSandboxProbe(parts: ProbeParts = machine): SandboxProbe {
  let known: Promise<SandboxAbility> | undefined;
  return () => {
    known ??= probe(parts);
    return known;
  };
}

async function probe(parts: ProbeParts): Promise<SandboxAbility> {
  if (parts.platform !== "linux") {
    return { kind: "unavailable", why: `bubblewrap needs Linux, and this is ${parts.platform}`, remedy: remedies.platform };
  }
  const program = await findIn(parts);
  if (program === undefined) return { kind: "unavailable", why: "there is no program bwrap in PATH", remedy: remedies.install };
  const told = await parts.run({ line: [program, "--version"], environment: {} });
  const [, major = "0", minor = "0"] = /bubblewrap (\d+)\.(\d+)/.exec(told.output) ?? [];
  if (told.exitCode !== 0) return { kind: "unavailable", why: `${program} does not say its version`, remedy: remedies.install };
  const options: BubblewrapOptions = {
    program,
    system: await parts.system(),
    closesUserNamespaces: Number(major) > 0 || Number(minor) >= 8,
  };
  const sandbox = createBubblewrap(options);
  const trial = sandbox.wrap({
    argv: ["/bin/sh", "-c", ":"],
    folder: "/tmp",
    environment: {},
    files: { read: [], write: [] },
    network: "none",
    fd: 3,
  });
  if (isRefusal(trial)) return { kind: "unavailable", why: trial.message, remedy: remedies.install };
  const { exitCode, output } = await parts.run(trial);
  if (exitCode === 0) return { kind: "available", sandbox, name: `bubblewrap ${major}.${minor}` };
  const said = output.trim().split("\n").at(-1) ?? "";
  const why = `${program} is there and cannot make a sandbox${said === "" ? "" : `: ${said.slice(0, 300)}`}`;
  return { kind: "unavailable", why, remedy: remedies.allow };
}

async function findIn({ path, isProgram }: ProbeParts): Promise<string | undefined> {
  for (const folder of (path ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter)) {
    const candidate = join(folder, "bwrap");
    if (isAbsolute(folder) && (await isProgram(candidate))) return candidate;
  }
  return undefined;
}

const settings = [
  "/etc/alternatives",
  "/etc/ca-certificates",
  "/etc/group",
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/localtime",
  "/etc/nsswitch.conf",
  "/etc/passwd",
  "/etc/pki/tls/certs",
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
] as const;

async function systemOf(): Promise<SystemView> {
  const folders: string[] = [];
  const links: { place: string; target: string }[] = [];
  for (const place of ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"]) {
    const stats = await lstat(place).catch(() => undefined);
    if (stats?.isDirectory() === true) folders.push(place);
    else if (stats?.isSymbolicLink() === true) links.push({ place, target: await readlink(place) });
  }
  return { folders, links, settings };
}

const machine: ProbeParts = {
  platform: process.platform,
  path: process.env["PATH"],
  isProgram: (path) =>
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    ),
  system: systemOf,
  run: (started) => startInstructed(started),
};

/** That of this machine. */
export const probeSandbox: SandboxProbe = createSandboxProbe();
