/**
 * The child process that runs an authoring file, and reports what it exports. It is given the file and
 * where to write the report, holds no secrets, may write nothing else, and is killed when it takes long.
 * Whatever the file does (print, throw, exit), the report is in a file of its own.
 */
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Workflow } from "../authoring/build-workflow.ts";
import type { Handler } from "../authoring/handler.ts";
import type { CodePlace, LoadedWorkflow, LoadFailure, LoadReport } from "./load-report.ts";

type Authoring = typeof import("../authoring/index.ts");

const [entry = "", reportPath = ""] = process.argv.slice(2);
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const authoringUrl = new URL(`../authoring/index.${extension}`, import.meta.url).href;
const ownFolder = new URL("..", import.meta.url).href;
const loaded = new Map<string, string>();
let reported = false;

function report(given: Partial<LoadReport>): void {
  if (reported) return;
  reported = true;
  const whole: LoadReport = { failures: [], workflows: [], loaded: [...loaded].map(([file, format]) => ({ file, format })), ...given };
  writeFileSync(reportPath, JSON.stringify(whole));
}

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "@heddle/compiler/authoring" ? { url: authoringUrl, shortCircuit: true } : next(specifier, context),
  load: (url, context, next) => {
    const result = next(url, context);
    if (url.startsWith("file:") && !isOurs(url)) loaded.set(fileURLToPath(url), result.format ?? "unknown");
    return result;
  },
});

function isOurs(url: string): boolean {
  return ["authoring/", "host/"].some((folder) => url.startsWith(`${ownFolder}${folder}`));
}

/** The first place of a stack that is in the author's files. A syntax error names it in the first line. */
function placeOf(error: unknown): { file?: string; line?: number } {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const match of stack.matchAll(/(file:\/\/[^\s()]+?|(?<=^|[\s(])\/[^\s():]+):(\d+)(?::\d+)?/g)) {
    const url = match[1]?.startsWith("file:") ? match[1] : pathToFileURL(match[1] ?? "").href;
    if (!isOurs(url)) return { file: fileURLToPath(url), line: Number(match[2]) };
  }
  return {};
}

function failureOf(error: unknown, authoring: Authoring | undefined): LoadFailure {
  if (authoring?.AuthoringError.is(error) === true) {
    const site = error.site === undefined ? {} : { file: pathOf(error.site.file), line: error.site.line };
    const help = error.help;
    const message = help === undefined ? error.message : error.message.slice(0, -help.length).replace(/\.\s*$/, "");
    return { message, help, ...site };
  }
  const place = placeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const denied = (error as { code?: unknown } | null)?.code === "ERR_ACCESS_DENIED";
  const firstLine =
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.slice(0, 500) ?? "something without a message";
  if (denied)
    return {
      message: `uses a permission that loading a workflow does not have: ${firstLine}`,
      help: "Do it in a handler; the file itself only declares",
      ...place,
    };
  const syntax = error instanceof SyntaxError || /TYPESCRIPT_SYNTAX/.test(String((error as { code?: unknown } | null)?.code));
  return {
    message: syntax ? `does not parse: ${firstLine}` : `throws while it is loaded: ${firstLine}`,
    ...(syntax ? { syntax: true as const } : {}),
    ...place,
  };
}

function pathOf(file: string): string {
  return file.startsWith("file:") ? fileURLToPath(file) : file;
}

/** Finds what the loaded modules export: handlers and workflows, by identity. */
async function exportsOf(): Promise<ReadonlyMap<unknown, CodePlace>> {
  const places = new Map<unknown, CodePlace>();
  const others = [...loaded.keys()].filter((file) => file !== entry && !file.endsWith(".json")).sort();
  for (const file of [entry, ...others]) {
    const module: Record<string, unknown> = await import(pathToFileURL(file).href);
    for (const name of Object.keys(module)) {
      const value = module[name];
      if ((typeof value === "function" || typeof value === "object") && value !== null && !places.has(value))
        places.set(value, { file, export: name });
    }
  }
  return places;
}

function describe(workflow: Workflow<unknown, unknown>, places: ReadonlyMap<unknown, CodePlace>): LoadedWorkflow {
  const handlers = Object.entries(workflow.handlers) as [string, Handler<unknown, unknown>][];
  return {
    id: workflow.id,
    ir: workflow.ir,
    code: places.get(workflow),
    children: workflow.workflows.map(({ id }) => id),
    handlers: handlers.map(([name, fn]) => ({ name, code: places.get(fn) })),
    served: workflow.served,
    sites: Object.fromEntries([...workflow.sites].map(([id, site]) => [id, { ...site, file: pathOf(site.file) }])),
  };
}

async function load(): Promise<void> {
  const authoring: Authoring = await import(authoringUrl);
  process.on("uncaughtException", (error) => {
    report({ failures: [failureOf(error, authoring)] });
    process.exit(1);
  });
  process.on("exit", (code) => {
    const message =
      code === 13 ? "waits at its top level for something that never comes" : `ended the process (exit code ${code}) while it was loaded`;
    report({ failures: [{ message, help: "The file only declares; do work in handlers" }] });
  });
  try {
    await import(pathToFileURL(entry).href);
    const places = await exportsOf();
    const found = new Set([...places.keys()].filter(authoring.isWorkflow).filter((workflow) => places.get(workflow)?.file === entry));
    for (const workflow of found) for (const inner of workflow.workflows) found.add(inner);
    report({ workflows: [...found].map((workflow) => describe(workflow, places)) });
  } catch (error) {
    report({ failures: [failureOf(error, authoring)] });
  }
  process.exit(0);
}

await load();
