/**
 * W4: journalled events of 1 KiB, streamed to 1 and to 100 followers, over gRPC and over server-sent events.
 *
 * The run is journalled to its end first, every step synced. Then followers in a process of their own
 * read it from its first event to its last, as one who comes later does, or who was cut off. Beside it,
 * the bare transport: the same bytes out of memory, 32 events in a write, from a plain HTTP server.
 */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { createClient } from "@heddle/client";
import { createHttpClient } from "@heddle/client/http";
import { parseDaemonConfig } from "@heddle/core";
import { startDaemon } from "@heddle/daemon";
import { encodeSse, runSse } from "@heddle/wire/http";
import { owed } from "../bars.ts";
import { caller, openRuntime, putWorkflow } from "../heddle.ts";
import { inFolder, type Job, runJob, say, spawnJob, type W4Wire } from "../jobs.ts";
import { median, rounded, waitForQuiet } from "../measure.ts";
import type { Bar, Plan, Ratio, Report } from "../report.ts";
import { cycleWorkflow } from "../workflows.ts";

interface Served {
  readonly grpc: string;
  readonly sse: string;
  readonly bare: string;
  readonly token: string;
  readonly runId: string;
  readonly events: number;
}

interface W4Answer {
  readonly deliveriesPerSecond: number;
}

const servedFile = "served.json";

/** In the job. */
export async function measureW4(job: Extract<Job, { kind: "w4" }>): Promise<unknown> {
  return job.role === "serve" ? serve(job) : follow(job, JSON.parse(readFileSync(join(job.folder, servedFile), "utf8")) as Served);
}

/** Journals the run, serves it, and stays until it is ended. */
async function serve({ folder, events }: Extract<Job, { kind: "w4"; role: "serve" }>): Promise<unknown> {
  const { runtime } = await openRuntime({ folder, resultBytes: 1_024 });
  const bundle = await putWorkflow(runtime, cycleWorkflow(events));
  const { runId } = await runtime.api.runs.start({ bundle, input: {} }, caller);
  await runtime.api.runs.result({ runId }, caller);
  const texts: string[] = [];
  for await (const batch of runtime.api.runs.follow({ runId }, caller)) texts.push(...batch.map((record) => encodeSse(runSse, [record])));
  const daemon = await startDaemon({
    config: parseDaemonConfig({ dataDir: join(folder, "daemon"), grpc: { port: 0 }, http: { port: 0 } }),
    env: { HEDDLE_HOME: folder },
    openEngine: () => ({
      api: runtime.api,
      ready: () => runtime.ready(),
      authenticate: (secret) => runtime.authenticate(secret),
      ensureAdminToken: (known) => runtime.ensureAdminToken(known),
      close: (options) => runtime.close(options),
    }),
  });
  const served: Served = {
    grpc: daemon.address,
    sse: daemon.httpAddress ?? "",
    bare: await serveBare(texts),
    token: readFileSync(daemon.tokenFile, "utf8").trim(),
    runId,
    events: texts.length,
  };
  writeFileSync(join(folder, servedFile), JSON.stringify(served));
  say("ready");
  return new Promise(() => undefined);
}

/** The same events from memory, encoded before anybody asks. */
async function serveBare(texts: readonly string[]): Promise<string> {
  const writes: Buffer[] = [];
  for (let i = 0; i < texts.length; i += 32) writes.push(Buffer.from(texts.slice(i, i + 32).join("")));
  const server = createServer(async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const bytes of writes) if (!response.write(bytes)) await once(response, "drain");
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

type FollowJob = Extract<Job, { kind: "w4"; role: "follow" }>;

/** Followers that are clients as users have them, or that only count bytes; each reads the run to its end. */
async function follow({ wire, followers, typed }: FollowJob, served: Served): Promise<W4Answer> {
  const one = typed ? typedFollower(wire, served) : () => rawFollower(wire, served);
  await one();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: followers }, one));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { deliveriesPerSecond: (followers * served.events) / seconds };
}

function typedFollower(wire: W4Wire, { grpc, sse, token, runId, events }: Served): () => Promise<void> {
  const client = wire === "grpc" ? createClient({ target: grpc, token }) : createHttpClient({ baseUrl: `http://${sse}`, token });
  return async () => {
    let seen = 0;
    for await (const batch of client.runs.follow({ runId })) seen += batch.length;
    if (seen !== events) throw new Error(`a follower saw ${seen} of ${events} events`);
  };
}

/** Counts the ends of messages without reading them. */
async function rawFollower(wire: W4Wire, { sse, bare, token, runId, events }: Served): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const sent = get(`http://${wire === "bare" ? bare : sse}/v1/runs/${runId}/follow`, { headers, agent: false });
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  let seen = 0;
  let last = 0;
  for await (const bytes of answer as AsyncIterable<Buffer>) {
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
      if (at === 0 ? last === 10 : bytes[at - 1] === 10) seen++;
    }
    last = bytes[bytes.length - 1] ?? last;
  }
  if (seen !== events) throw new Error(`a follower saw ${seen} of ${events} events`);
}

interface Case {
  readonly name: string;
  readonly wire: W4Wire;
  readonly followers: number;
  readonly typed: boolean;
  readonly rates: number[];
}

const casesOf = (many: number): readonly Case[] =>
  [1, many].flatMap((followers) => [
    { name: "bare transport", wire: "bare" as const, followers, typed: false, rates: [] },
    { name: "SSE, bytes counted", wire: "sse" as const, followers, typed: false, rates: [] },
    { name: "SSE, client", wire: "sse" as const, followers, typed: true, rates: [] },
    { name: "gRPC, client", wire: "grpc" as const, followers, typed: true, rates: [] },
  ]);

export async function runW4(plan: Plan): Promise<Report> {
  const many = plan.tiny ? 3 : 100;
  const cases = casesOf(many);
  const measurements: unknown[] = [];
  for (const followers of [1, many]) {
    const events = plan.tiny ? 50 : followers === 1 ? 30_000 : plan.quick ? 1_000 : 3_000;
    await inFolder(async (folder) => {
      const server = spawnJob({ kind: "w4", role: "serve", folder, events });
      await Promise.race([server.said("ready"), server.ended]);
      for (let round = 0; round < plan.rounds; round++) {
        const busy = plan.tiny ? 0 : await waitForQuiet(3_000);
        for (const each of cases.filter((one) => one.followers === followers)) {
          const { wire, typed } = each;
          const answer = await runJob<W4Answer>({ kind: "w4", role: "follow", folder, wire, followers, typed });
          each.rates.push(answer.deliveriesPerSecond);
          measurements.push({ workload: "w4", wire, followers, typed, events, round, busy, ...answer });
        }
        plan.progress(`W4: ${followers} followers, round ${round + 1} of ${plan.rounds}`);
      }
      server.child.kill("SIGKILL");
      await server.ended;
    });
  }
  return reportOf(cases, measurements);
}

function reportOf(cases: readonly Case[], measurements: readonly unknown[]): Report {
  const rows: (string | number)[][] = [];
  const bars: Bar[] = [];
  const ratios: Record<string, Ratio> = {};
  for (const { name, wire, typed, followers, rates } of cases) {
    const bare = cases.find((one) => one.wire === "bare" && one.followers === followers)?.rates ?? [];
    const share = median(rates.map((rate, round) => rate / (bare[round] ?? Number.NaN)));
    rows.push([name, followers, median(rates), rates.map((rate) => String(Math.round(rate))).join(" "), share.toFixed(2)]);
    if (wire === "bare") continue;
    ratios[`w4 ${name}, ${followers} followers, heddle / bare`] = { value: rounded(share), better: "higher" };
    if (!typed) continue;
    const least = followers === 1 ? owed.w4PerSecond : owed.w4DeliveriesPerSecond;
    const best = Math.max(...rates);
    bars.push({
      id: `B4 ${name}, ${followers} follower${followers === 1 ? "" : "s"}`,
      owed: `at least ${least.toLocaleString("en")} deliveries/s of 1-KiB events`,
      measured: `${Math.round(best).toLocaleString("en")}/s (${share.toFixed(2)} of bare)`,
      met: best >= least,
    });
  }
  const columns = ["wire", "followers", "deliveries/s", "by round", "of bare"];
  const title = "W4: 1-KiB events, journalled first (WAL, synchronous=FULL), then followed from the first to the last";
  return { workload: "w4", tables: [{ title, columns, rows }], bars, ratios, measurements };
}
