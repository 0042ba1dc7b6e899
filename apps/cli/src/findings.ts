/** What can be found out about a machine, one thing at a time, each with what to do about it. */
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import type { MachineGuards } from "@heddle/daemon";
import type { CliContext } from "./context.ts";

/** `warn`: something cannot be had, and all else works. `fail`: nothing much works until that is done. */
export interface Finding {
  readonly name: string;
  readonly level: "ok" | "warn" | "fail";
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly remedy?: string;
}

/** The first with the store that is built in. */
const nodeMin = [22, 13] as const;

export function runtimeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1]);
  if (!isOld) return { name: "node", level: "ok", says: `version ${version}` };
  return { name: "node", level: "fail", says: `version ${version} is too old`, remedy: `install Node ${nodeMin.join(".")} or later` };
}

export function platformFinding(platform: NodeJS.Platform, arch: string): Finding {
  const says = `${platform} ${arch}`;
  if (platform === "linux") return { name: "platform", level: "ok", says };
  const lacks = "no sandbox, no bound on the memory of processes, and a weaker guard of files";
  return { name: "platform", level: "warn", says: `${says}: ${lacks}`, remedy: "run daemons that serve others on Linux" };
}

export function guardFindings({ sandbox, files }: MachineGuards): readonly Finding[] {
  return [
    sandbox.kind === "available"
      ? { name: "sandbox", level: "ok", says: sandbox.name }
      : { name: "sandbox", level: "warn", says: `${sandbox.why}; workflows that want one are refused`, remedy: sandbox.remedy },
    files === "handles"
      ? { name: "files", level: "ok", says: "opened beneath their root, part by part" }
      : {
          name: "files",
          level: "warn",
          says: "opened, and compared afterwards: a link that is swapped in and out again within a step is not seen",
          remedy: "run on Linux with /proc mounted",
        },
  ];
}

/** Whether the data folder can be written, or made. Makes nothing. */
export async function dataFolderFinding({ env, cwd }: Pick<CliContext, "env" | "cwd">, given: string | undefined): Promise<Finding> {
  const folder = resolve(cwd, given ?? ((env["HEDDLE_DATA"] ?? "") || "./.heddle"));
  let there = folder;
  while (!(await may(there, constants.F_OK)) && dirname(there) !== there) there = dirname(there);
  if (await may(there, constants.W_OK | constants.X_OK)) {
    return { name: "data folder", level: "ok", says: there === folder ? folder : `${folder}, to be made` };
  }
  return {
    name: "data folder",
    level: "fail",
    says: `${there} cannot be written`,
    remedy: "make it writable for this user, or name another folder with --data",
  };
}

const programs: readonly { readonly name: string; readonly use: string }[] = [
  { name: "sh", use: "text commands of processes, and scripts" },
  { name: "python3", use: "processes that are written in Python" },
  { name: "git", use: "workflows that call it" },
];

export async function programFindings(path: string | undefined): Promise<readonly Finding[]> {
  const found = await Promise.all(programs.map(({ name }) => programIn(name, path)));
  return programs.map(({ name, use }, i) => {
    const place = found[i];
    if (place !== undefined) return { name, level: "ok", says: place };
    return { name, level: "warn", says: `not in PATH: needed by ${use}`, remedy: `install ${name}, where that is wanted` };
  });
}

async function programIn(name: string, path = ""): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const place = join(folder, name);
    if (isAbsolute(folder) && (await may(place, constants.X_OK))) return place;
  }
  return undefined;
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
