/** Files that nodes name and `payloads/` does not have: uploads, scripts, policies and requirements. */
import type { JsonObject } from "@heddle/core";
import { isInside, policyFileOf, uploadSources } from "./check-config.ts";
import { jsonPath, listAt, named, objectAt, textAt } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";
import type { SourceNode } from "./read-nodes.ts";

/** The files below `payloads/`, and how their folders are found. */
export interface Payloads {
  /** Whether a file or a folder of that name is there. */
  has(path: string): boolean;
}

/** @param files paths below `payloads/`, with `/` between their parts */
export function payloadsOf(files: Iterable<string>): Payloads {
  const known = new Set<string>([""]);
  for (const file of files) {
    for (let end = file.length; end > 0; end = file.lastIndexOf("/", end - 1)) {
      const path = file.slice(0, end);
      if (known.has(path)) break;
      known.add(path);
    }
  }
  return { has: (path) => known.has(normal(path)) };
}

/** @param absent what an absent file is: worth a word where a manifest is only looked at, an error where it is to run */
export function checkPayloads(nodes: readonly SourceNode[], payloads: Payloads, absent: "warning" | "error", problems: ProblemList): void {
  for (const source of nodes) {
    const { id, config, agentType } = source;
    const place = jsonPath(source.path, source.node === source.given ? "config" : "with");
    const tell = (steps: readonly PropertyKey[], message: string, help: string): void => {
      const path = jsonPath(place, ...steps);
      if (absent === "error") problems.error(path, message, help);
      else problems.warn(path, message, help);
    };
    const missing = (what: string, file: string, steps: readonly PropertyKey[]): boolean => {
      if (!isInside(file) || payloads.has(file)) return false;
      tell(
        steps,
        `${what} for node ${named(id)} does not exist: payloads/${named(normal(file))}`,
        "Put it below payloads/, or name another",
      );
      return true;
    };
    if (agentType === "module") {
      const file = textAt(config, "module_source");
      if (file !== undefined) missing("module source", file, ["module_source"]);
    }
    if (agentType !== "executor") continue;
    const absentUploads = uploadSources(config).filter(({ source: file, path }) => missing("upload source", file, path));
    const policy = policyFileOf(config);
    if (policy !== undefined) missing("policy", policy, ["policy"]);
    const script = absentUploads.length > 0 ? undefined : scriptOf(config);
    if (script !== undefined && !isStaged(script, config, payloads)) {
      const help = "The command starts it in its workdir: upload it there, or name the file that is uploaded";
      tell(["command"], `script ${named(script.shown)} for node ${named(id)} is not in what it uploads`, help);
    }
    checkRequirements(source, place, payloads, problems);
  }
}

function checkRequirements({ id, config }: SourceNode, place: string, payloads: Payloads, problems: ProblemList): void {
  const file = textAt(objectAt(config, "python_environment") ?? {}, "requirements");
  if (file === undefined || !isInside(file) || payloads.has(file)) return;
  const message = `${named(id)}: python_environment requirements file not found: payloads/${named(normal(file))}`;
  problems.error(jsonPath(place, "python_environment", "requirements"), message, "Put it below payloads/, or leave requirements out");
}

const interpreters = /^(?:python[\d.]*|node|bash|sh|ruby|deno|bun|perl|Rscript)$/;
const scriptName = /\.(?:py|js|mjs|cjs|ts|mts|sh|rb|pl|R)$/;

interface Script {
  readonly shown: string;
  /** Where it is looked for, below the folder that the process is given. */
  readonly path: string;
}

/** The file that a command starts, where it plainly starts one. */
function scriptOf(config: JsonObject): Script | undefined {
  const [program, script] = listAt(config, "command") ?? [];
  if (typeof program !== "string" || typeof script !== "string") return undefined;
  if (!interpreters.test(program) || !scriptName.test(script) || script.startsWith("/") || /[{}$]/.test(script)) return undefined;
  const workdir = textAt(config, "workdir") ?? "/sandbox/job";
  if (workdir !== "/sandbox/job" && !workdir.startsWith("/sandbox/job/")) return undefined;
  const path = `${workdir.slice("/sandbox/job".length)}/${script}`;
  return isInside(path.slice(1)) ? { shown: script, path: normal(path) } : undefined;
}

function isStaged({ path }: Script, config: JsonObject, payloads: Payloads): boolean {
  const uploads = uploadSources(config);
  return (
    uploads.length === 0 ||
    uploads.some(({ source, target }) => {
      const place = normal(target.replace(/^\/sandbox\/job\//, ""));
      if (path === place) return payloads.has(source);
      return (place === "" || path.startsWith(`${place}/`)) && payloads.has(`${source}/${path.slice(place === "" ? 0 : place.length + 1)}`);
    })
  );
}

/** Without `.`, `..` and empty parts. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split(/[\\/]/)) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
