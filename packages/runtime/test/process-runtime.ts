/**
 * A runtime of its own process, on SQLite, for tests that kill it. It is told what to do by its
 * arguments, a folder and a script of JSON, and answers in lines of JSON.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { irVersion, type JsonValue, type RunId, type WorkflowIr } from "@heddle/core";
import { openSqliteStore } from "@heddle/store-sqlite";
import { createRuntime } from "../src/create-runtime.ts";

export type Wish =
  | { readonly kind: "start"; readonly count: number; readonly command: readonly string[]; readonly safety?: "safe" }
  /** All calls, once as many are of unknown outcome: what is found at the start is journalled a moment later. */
  | { readonly kind: "look"; readonly unknown: number }
  | { readonly kind: "settle"; readonly call: string; readonly as: "succeeded" | "failed" | "retry"; readonly result?: JsonValue }
  | { readonly kind: "results"; readonly runs: readonly RunId[] };

const [folder = ".", script = "[]"] = process.argv.slice(2);
const caller = { principal: { subject: "test", tenant: "default", roles: ["admin" as const] } };
const runtime = createRuntime({
  store: await openSqliteStore({ path: join(folder, "store.db") }),
  dataDir: folder,
  processes: { graceMs: 200 },
});
await runtime.ready();

function workflow(command: readonly string[], safety: "safe" | undefined): WorkflowIr {
  const node = { kind: "process" as const, id: "pay", config: { command: [...command] }, ...(safety === undefined ? {} : { safety }) };
  const output = { kind: "ref" as const, scope: "result" as const };
  return {
    ir: irVersion,
    id: "payments",
    discipline: "stages",
    inputs: [],
    entry: "pay",
    nodes: [{ ...node, exit: { output } }],
    edges: [],
  };
}

async function answer(wish: Wish): Promise<JsonValue> {
  switch (wish.kind) {
    case "start": {
      const manifest = {
        format: "heddle.bundle/v1",
        main: "payments",
        workflows: [workflow(wish.command, wish.safety)],
        handlers: [],
        files: [],
      };
      const { hash } = await runtime.api.bundles.put({ manifest, files: [] }, caller);
      const runs: RunId[] = [];
      for (let i = 0; i < wish.count; i++) runs.push((await runtime.api.runs.start({ bundle: hash, input: {} }, caller)).runId);
      return runs;
    }
    case "look": {
      while ((await runtime.api.calls.list({ status: "outcome-unknown" }, caller)).rows.length < wish.unknown) await sleep(10);
      const { rows } = await runtime.api.calls.list({}, caller);
      const calls: JsonValue[] = [];
      for (const { id, run, status } of rows) {
        const view = await runtime.api.runs.get({ runId: run }, caller);
        const [why] = await runtime.api.runs.why({ runId: run }, caller);
        calls.push({ id, run, status, runStatus: view.status, why: why?.kind ?? null });
      }
      return calls;
    }
    case "settle": {
      const { call, as, result } = wish;
      await runtime.api.calls.settle({ call, as, ...(result === undefined ? {} : { result }) }, caller);
      return null;
    }
    default: {
      const results = wish.runs.map(async (runId) => {
        const { status, output, failure } = await runtime.api.runs.result({ runId }, caller);
        return { status, output: output ?? null, code: failure?.code ?? null };
      });
      return Promise.all(results);
    }
  }
}

/** What ends this process, or does not. */
type Ending = { readonly kind: "stay" } | { readonly kind: "leave"; readonly onceWritten?: string; readonly lines?: number };

for (const wish of JSON.parse(script) as readonly (Wish | Ending)[]) {
  if (wish.kind === "stay") await sleep(60_000);
  else if (wish.kind === "leave") {
    const { onceWritten, lines = 0 } = wish;
    while (onceWritten !== undefined && readFileSync(onceWritten, "utf8").split("\n").length <= lines) await sleep(20);
    process.exit(0);
  } else console.log(JSON.stringify(await answer(wish)));
}
await runtime.close({ graceMs: 0 });
