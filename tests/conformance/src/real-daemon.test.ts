/** The whole of it: client, socket, heddled as a process of its own, runtime, SQLite file; and kill -9. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { anonymousBundle, WorkflowIr } from "@heddle/core";
import { afterEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fake-engine.ts";
import { portOf, wires } from "./wires.ts";

const program = fileURLToPath(new URL("../../../apps/daemon/bin/heddled.js", import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

async function heddled(cwd: string, ports: { grpcPort?: number; httpPort?: number }): Promise<{ child: ChildProcess; line: string }> {
  const env = { ...process.env, HEDDLE_HOME: cwd };
  const words = ["--grpc-port", String(ports.grpcPort ?? 0), "--http-port", String(ports.httpPort ?? 0)];
  const child = spawn(process.execPath, [program, ...words], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line");
  return { child, line: String(line) };
}

const signals = ["one", "two", "three", "four"];
const workflow = WorkflowIr.parse({
  ir: "heddle.ir/v1",
  id: "patience",
  discipline: "stages",
  inputs: [],
  entry: "one",
  nodes: signals.map((name, i) => ({
    kind: "wait",
    id: name,
    wait: { kind: "signal", name },
    ...(i === signals.length - 1 ? { exit: { output: { kind: "literal", value: "done" } } } : {}),
  })),
  edges: signals.slice(1).map((to, i) => ({ id: `e${i}`, from: signals[i], to, on: "success" })),
});

describe.each(wires)("a run on a real daemon, over $name", (wire) => {
  it("is followed to its end, each event once, though the daemon is killed with -9 at every step", async () => {
    const cwd = temporaryFolder();
    let daemon = await heddled(cwd, {});
    const address = new RegExp(`${wire.name.toLowerCase()}=(\\S+)`).exec(daemon.line)?.[1] ?? "";
    const token = readFileSync(join(cwd, ".heddle", "admin.token"), "utf8").trim();
    await using client = wire.connect(address, { home: cwd, token });
    const { hash } = await client.bundles.put({ manifest: anonymousBundle([workflow]), files: [] });
    const { runId } = await client.runs.start({ bundle: hash, input: {}, idempotencyKey: "once" });
    const result = client.runs.result({ runId });
    const seen: { seq: number; kind: string }[] = [];
    let sent = 0;
    for await (const batch of client.runs.follow({ runId })) {
      seen.push(...batch.map(({ seq, event }) => ({ seq, kind: event.kind })));
      const done = seen.filter(({ kind }) => kind === "activation-succeeded").length;
      if (done < sent || sent === signals.length) continue;
      const killed = once(daemon.child, "exit");
      daemon.child.kill("SIGKILL");
      await killed;
      daemon = await heddled(cwd, wire.at(portOf(address)));
      const again = await client.runs.start({ bundle: hash, input: {}, idempotencyKey: "once" });
      expect(again).toEqual({ runId, existing: true });
      const name = signals[sent++] as string;
      await client.runs.signal({ runId, name, value: sent, idempotencyKey: name });
    }
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)?.kind).toBe("run-succeeded");
    expect(await result).toMatchObject({ runId, status: "succeeded" });
    expect(await client.runs.events({ runId })).toHaveLength(seen.length);
    const ended = once(daemon.child, "exit");
    daemon.child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
