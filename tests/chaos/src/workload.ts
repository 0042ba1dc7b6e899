/**
 * The workload: runs of ten steps, each of which writes one line to a log before it answers. The log
 * says what was executed; the journal says what was committed.
 */
import { hashBytes } from "@heddle/core";

export const stepCount = 10;

const result = { kind: "ref", scope: "result" } as const;

/** A bundle whose steps wait `delayMs` each, so that many runs are open at once. */
export function workloadBundle(
  stepLog: string,
  delayMs: number,
): { readonly manifest: unknown; readonly files: readonly { path: string; bytes: Uint8Array }[] } {
  const code = `
import { openSync, writeSync } from "node:fs";
const log = openSync(${JSON.stringify(stepLog)}, "a");
const later = (ms, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(new Error("aborted")); }, { once: true });
});
export async function step({ index }, ctx) {
  writeSync(log, ctx.runId + " " + index + " " + ctx.idempotencyKey + "\\n");
  await later(${delayMs}, ctx.signal);
  return { index, next: index + 1 };
}
`;
  const bytes = new TextEncoder().encode(code);
  const nodes = Array.from({ length: stepCount }, (_, index) => ({
    kind: "handler",
    id: `step${index}`,
    handler: "step",
    reads: [
      {
        name: "index",
        value: index === 0 ? { kind: "ref", scope: "var", name: "first" } : { kind: "ref", scope: "var", name: `n${index - 1}` },
      },
    ],
    writes: [{ name: `n${index}`, value: { kind: "field", of: result, name: "next" } }],
    ...(index === stepCount - 1 ? { exit: { output: { kind: "ref", scope: "var", name: `n${index}` } } } : {}),
  }));
  const edges = Array.from({ length: stepCount - 1 }, (_, index) => ({ id: `e${index}`, from: `step${index}`, to: `step${index + 1}` }));
  const manifest = {
    format: "heddle.bundle/v1",
    main: "ten-steps",
    workflows: [
      {
        ir: "heddle.ir/v1",
        id: "ten-steps",
        discipline: "stages",
        inputs: [{ name: "first", type: { kind: "number" } }],
        entry: "step0",
        nodes,
        edges,
      },
    ],
    handlers: [{ name: "step", code: { file: "steps.mjs", export: "step" } }],
    files: [{ path: "steps.mjs", hash: hashBytes(bytes), bytes: bytes.length }],
  };
  return { manifest, files: [{ path: "steps.mjs", bytes }] };
}
