/** Runs an authoring file in a process of its own, with bounds on time, memory, output and environment. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadFailure, LoadReport } from "./load-report.ts";

/** How long a file may take to load, unless the caller says otherwise. */
export const loadTimeoutMsDefault = 20_000;

const reportBytesMax = 64 * 1024 * 1024;
const noteBytesMax = 4 * 1024;

/** What the child may see of our environment: nothing that could be a secret. */
const passedOn = ["PATH", "LANG", "LC_ALL", "TZ", "SystemRoot", "TMPDIR", "TEMP"];

/**
 * Loads a file and gives its report; failures are in it. The file may read, and neither write files nor
 * start processes. `signal` ends the process and gives a failure, as the timeout does.
 */
export async function loadAuthoring(
  entry: string,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<LoadReport> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "heddle-load-"));
  try {
    const path = join(folder, "report.json");
    const ended = await run(entry, path, options.timeoutMs ?? loadTimeoutMsDefault, options.signal);
    const report = (await readReport(path)) ?? failed(ended);
    return {
      ...report,
      failures: report.failures.map((failure) =>
        failure.syntax === true && failure.file === undefined ? located(failure, report) : failure,
      ),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function failed(message: string): LoadReport {
  return { failures: [{ message, help: "The file only declares; do work in handlers" }], workflows: [], loaded: [] };
}

async function readReport(path: string): Promise<LoadReport | undefined> {
  try {
    const { size } = await stat(path);
    if (size > reportBytesMax) return failed(`describes more than ${reportBytesMax} bytes of workflows`);
    const report: unknown = JSON.parse(await readFile(path, "utf8"));
    return isReport(report) ? report : undefined;
  } catch {
    return undefined;
  }
}

/** Node does not say where a JavaScript module does not parse, unless it only checks it: that runs nothing. */
function located(failure: LoadFailure, report: LoadReport): LoadFailure {
  for (const { file } of [...report.loaded].reverse().filter((one) => /\.[cm]?js$/.test(one.file))) {
    const checked = spawnSync(process.execPath, ["--no-warnings", "--check", file], {
      env: environment(),
      encoding: "utf8",
      timeout: 5_000,
      windowsHide: true,
    });
    const line = checked.status === 0 ? undefined : /:(\d+)$/m.exec(checked.stderr ?? "")?.[1];
    if (line !== undefined) return { ...failure, file, line: Number(line) };
  }
  return failure;
}

function environment(): Record<string, string> {
  return Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

function isReport(value: unknown): value is LoadReport {
  const given = value as Partial<Record<keyof LoadReport, unknown>> | null;
  return Array.isArray(given?.failures) && Array.isArray(given.workflows) && Array.isArray(given.loaded);
}

/** Waits for the end of the process, and says how it came where no report tells. */
function run(entry: string, report: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const script = fileURLToPath(new URL(`./load-child.${extension}`, import.meta.url));
  const flags = ["--no-warnings", "--max-old-space-size=512", "--permission", "--allow-fs-read=*", `--allow-fs-write=${dirname(report)}`];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, script, entry, report], {
      cwd: dirname(entry),
      env: environment(),
      stdio: ["ignore", "ignore", "pipe"],
      windowsHide: true,
    });
    let note = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (note.length < noteBytesMax) note += chunk.toString("utf8").slice(0, noteBytesMax - note.length);
    });
    let why: string | undefined;
    const stop = (message: string) => () => {
      why = message;
      child.kill("SIGKILL");
    };
    const timer = setTimeout(stop(`took longer than ${timeoutMs} ms to load, and was stopped`), timeoutMs);
    const onAbort = stop("was stopped while it was loaded");
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    const end = (message: string): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      resolve(why ?? message);
    };
    child.on("error", (error) => end(`could not be loaded: ${error.message}`));
    child.on("close", (code, by) => {
      const memory = /heap out of memory/i.test(note) ? ", out of memory" : "";
      end(`ended its process (${by ?? `exit code ${code}`}${memory}) while it was loaded`);
    });
  });
}
