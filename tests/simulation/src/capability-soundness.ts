/**
 * Whatever reaches an executor is inside what the bundle's reach was printed as. The runtime is the whole one, with real
 * files beneath it; code, results, inputs, links and answers are an adversary's. Executors do nothing but look.
 *
 * What a path or a URL leads to is found out here by other means than the gate's: the machine's own, and a parser's.
 */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import {
  type BundleManifest,
  defaultTenant,
  defineTool,
  type Explanation,
  type HandlerContext,
  HeddleError,
  isTerminalStatus,
  type JsonObject,
  type NodeReach,
  type Principal,
  reachOfBundle,
  type Tool,
} from "@heddle/core";
import type { Executor, Task } from "@heddle/ports";
import { SeededRandom } from "@heddle/testkit/simulator";
import * as z from "zod";
import { createRuntime, type Runtime } from "../../../packages/runtime/src/create-runtime.ts";
import { argumentsOf, askedTool, callingBundle, capabilityOfTool, fitting, forgedResult, toolNames } from "./capability-program.ts";
import { law } from "./laws.ts";

const person = (subject: string) => ({
  principal: { subject, tenant: defaultTenant, roles: ["admin", "engineer", "operator"] } as Principal,
});
const turnsMax = 200_000;
const ranks = ["read", "modify", "admin"];

const inputsOf: Readonly<Record<string, z.ZodObject>> = {
  "fs.read": z.strictObject({ path: z.string() }),
  "fs.write": z.strictObject({ path: z.string(), content: z.string() }),
  "http.fetch": z.strictObject({ url: z.string(), method: z.string() }),
  "os.shell": z.strictObject({ command: z.string() }),
  "os.shell.script": z.strictObject({ script: z.string() }),
  "kv.read": z.strictObject({ key: z.string(), value: z.string().optional() }),
  "kv.write": z.strictObject({ key: z.string(), value: z.string() }),
};

const tools: readonly Tool[] = toolNames.map((name) =>
  defineTool({
    name,
    capability: capabilityOfTool[name],
    description: name,
    input: inputsOf[capabilityOfTool[name]] as z.ZodObject,
    ...(name === "shred" ? { permission: "admin" } : {}),
    handler: () => null,
  }),
);

/** What one bundle may do, and who said yes to what. */
interface Printed {
  readonly reach: readonly NodeReach[];
  /** People alone decide about changes: no policies, no grants, and the operator asks. */
  readonly asks: boolean;
  readonly granted: boolean;
}

export class SoundnessWorld implements AsyncDisposable {
  readonly folder: string;
  /** Tasks that reached an executor, by the kind of their node and what they are. */
  readonly reached = new Map<string, number>();
  readonly #runtime: Runtime;
  readonly #printed = new Map<string, Printed>();
  readonly #dice = new Map<string, SeededRandom>();
  readonly #approved = new Set<string>();
  readonly #broken: Error[] = [];
  readonly #builtin: "ask" | "allow";

  constructor(builtin: "ask" | "allow") {
    this.#builtin = builtin;
    this.folder = join(realpathSync(mkdtempSync(join(tmpdir(), "heddle-sound-"))), "root");
    for (const each of ["notes/real", "secret"]) mkdirSync(join(this.folder, each), { recursive: true });
    for (const each of ["notes/a.md", "notes/real/s.md", "secret/s.md"]) writeFileSync(join(this.folder, each), each);
    symlinkSync("../secret", join(this.folder, "notes/link"));
    const looks: Executor = {
      execute: (task) => Promise.resolve({ kind: "succeeded", result: this.#forged(task) }),
      close: () => Promise.resolve(),
    };
    this.#runtime = createRuntime({
      tools,
      roots: { workspace: this.folder },
      approvals: { builtin },
      handlers: { adversary: ((_: JsonObject, ctx: HandlerContext) => this.#adversary(ctx)) as never },
      executors: { tools: looks, remotes: looks },
      wrapExecutor: (executor) => ({
        ...executor,
        execute: (task, abort) => {
          this.#look(task);
          return task.node.kind === "handler" ? executor.execute(task, abort) : looks.execute(task, abort);
        },
        close: () => executor.close(),
      }),
      onBug: (_, bug) => this.#broken.push(bug as Error),
    });
  }

  /** Plays one seed. Throws the first law that did not hold. */
  async play(seed: number): Promise<void> {
    const dice = new SeededRandom(seed);
    const { manifest, input } = callingBundle(dice, this.folder);
    const { api } = this.#runtime;
    const ada = person("ada");
    const { hash } = await api.bundles.put({ manifest, files: [] }, ada);
    const granted = dice.chance(0.2) && (await this.#grant(hash, dice));
    this.#print(hash, manifest, granted);
    const { runId } = await api.runs.start({ bundle: hash, input, idempotencyKey: `${seed}` }, ada);
    this.#dice.set(runId, dice);
    await this.#follow(runId, dice);
    this.#mendLinks();
    const [first] = this.#broken.splice(0);
    if (first !== undefined) throw first;
  }

  #print(hash: string, manifest: BundleManifest, granted: boolean): void {
    const reach = reachOfBundle(manifest).workflows.flatMap(({ nodes }) => nodes);
    const decided = granted || this.#builtin === "allow" || manifest.workflows.some(({ policies = [] }) => policies.length > 0);
    this.#printed.set(hash, { reach, asks: !decided, granted });
  }

  /** As wide as anybody lets it be. */
  async #grant(bundle: string, dice: SeededRandom): Promise<boolean> {
    const capability = dice.pick(["fs.write", "http.fetch", "os.shell", "mail.send"]);
    const scope = { kind: "bundle", bundle: bundle as `sha256:${string}` } as const;
    try {
      await this.#runtime.api.grants.create({ capability, scope, reason: "whatever it is" }, person("ada"));
      return true;
    } catch (error) {
      if (HeddleError.is(error)) return false;
      throw error;
    }
  }

  /** Answers what is asked, turns links round, and waits for the end. */
  async #follow(runId: string, dice: SeededRandom): Promise<void> {
    const { api } = this.#runtime;
    const bea = person("bea");
    const asked = new Set<string>();
    for (let turns = 0; ; turns++) {
      const { status } = await api.runs.get({ runId }, bea);
      if (isTerminalStatus(status)) return;
      const reasons = await api.runs.why({ runId }, bea).catch(expectNone);
      law(turns < turnsMax, `a run ends: ${reasons.map(({ message }) => message).join("; ")}`);
      for (const { kind, run, activation } of reasons) {
        const call = `${run}/${activation}`;
        if (kind !== "person" || activation === undefined || asked.has(call)) continue;
        asked.add(call);
        if (dice.chance(0.4)) this.#turnLink();
        const yes = dice.chance(0.7);
        if (yes) this.#approved.add(call);
        await api.runs.answer({ runId: run, activation, answer: yes }, bea).catch(expectRefusal);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A folder that calls were prepared for becomes a link to another one, or what it was. */
  #turnLink(): void {
    const real = join(this.folder, "notes/real");
    const away = join(this.folder, "notes/away");
    if (realpathSync(real) === real) {
      renameSync(real, away);
      symlinkSync("../secret", real);
    } else this.#mendLinks();
  }

  #mendLinks(): void {
    const real = join(this.folder, "notes/real");
    if (realpathSync(real) === real) return;
    rmSync(real);
    renameSync(join(this.folder, "notes/away"), real);
  }

  async #adversary(ctx: HandlerContext): Promise<unknown> {
    const dice = this.#dice.get(ctx.runId) ?? new SeededRandom(ctx.activation);
    for (let left = dice.integer(0, 12); left > 0; left--) {
      const tool = askedTool(dice);
      const args = dice.chance(0.9) ? fitting(tool, argumentsOf(dice, this.folder), dice) : { path: [this.folder], url: {} };
      const name = dice.pick([undefined, "again", "__proto__", "1", "x/../../2"]);
      const calling = ctx.call(tool, args, name === undefined ? {} : { name });
      if (dice.chance(0.8)) await calling.catch(expectRefusal);
    }
    if (dice.chance(0.1)) throw Object.assign(new TypeError("forged"), { code: "call-approved", retryable: true });
    return forgedResult(dice, this.folder);
  }

  #forged({ activation }: Task): JsonObject {
    return { result: forgedResult(new SeededRandom(activation), this.folder) };
  }

  /** The law. A task that breaks it is remembered: an executor has nobody to throw at. */
  #look(task: Task): void {
    try {
      const printed = this.#printed.get(task.bundle);
      law(printed !== undefined, "a bundle was printed before it runs");
      const reach = printed.reach.filter(({ node }) => node === task.node.id);
      const origin = `${reach[0]?.kind} ${task.node.kind}${task.call === undefined ? "" : ` ${task.call.prepared.capability}`}`;
      this.reached.set(origin, (this.reached.get(origin) ?? 0) + 1);
      law(
        reach.some((each) => this.#holds(each, task)),
        `${task.node.id} (${origin}) reaches what was not printed: ${JSON.stringify({ call: task.call?.prepared, printed: reach })}`,
      );
      const { call } = task;
      if (call === undefined) return;
      law(call.prepared.person === undefined, `${task.node.id} asks a person, and no executor`);
      const needsYes = call.prepared.plugin === true ? !printed.granted : printed.asks;
      if (call.prepared.permission === "read" || !needsYes) return;
      // Nobody is asked about what code does: it may not do what needs a yes.
      const yes = this.#approved.has(`${task.run}/${task.activation}`) && reach[0]?.kind === "tool";
      law(yes, `${task.node.id} changes something, and nobody said yes`);
    } catch (error) {
      this.#broken.push(error as Error);
    }
  }

  #holds(reach: NodeReach, { node, call }: Task): boolean {
    if (node.kind === "handler") return reach.kind === "handler" && reach.confinement !== undefined;
    if (node.kind === "remote") return reach.outside.includes(`*/${node.remote.node}`);
    if (node.kind !== "tool" || call === undefined) return false;
    const { tool, capability, permission, plugin, args } = call.prepared;
    if (!reach.capabilities.includes(capability)) return false;
    if (ranks.indexOf(permission) > ranks.indexOf(reach.permission ?? "")) return false;
    if (plugin === true) return reach.outside.includes(tool);
    const declared = tools.find(({ name }) => name === tool);
    return (declared?.parameters ?? []).every(({ name, kind }) => {
      const value = args[name];
      if (kind === "path") return typeof value === "string" && reach.paths.some((scope) => this.#pathWithin(scope, value));
      if (kind === "url") return typeof value === "string" && reach.destinations.some((scope) => hostWithin(scope, value));
      return true;
    });
  }

  #pathWithin(scope: string, path: string): boolean {
    const real = realOf(path);
    const beneath = real === this.folder ? "" : real.startsWith(`${this.folder}/`) ? real.slice(this.folder.length + 1) : undefined;
    if (beneath === undefined) return false;
    if (scope === "*" || scope === "workspace:") return true;
    const bound = scope.replace(/^workspace:/, "");
    return bound.endsWith("/") ? `${beneath}/`.startsWith(bound) : beneath === bound;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runtime.close({ graceMs: 0 });
    rmSync(dirname(this.folder), { recursive: true, force: true });
  }
}

/** Where a path really leads, as the machine says. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realOf(parent), basename(path));
  }
}

function hostWithin(scope: string, text: string): boolean {
  const { hostname, port, protocol } = new URL(text);
  if (hostname.startsWith("127.") || hostname === "[::1]") return false;
  if (scope === "*") return true;
  const [host = "", wanted] = scope.split(":");
  const actual = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  const plain = hostname.replace(/\.$/, "");
  return (wanted === undefined || wanted === actual) && (host.startsWith(".") ? plain.endsWith(host) : plain === host);
}

function expectNone(error: unknown): readonly Explanation[] {
  expectRefusal(error);
  return [];
}

function expectRefusal(error: unknown): void {
  if (!HeddleError.is(error)) throw error;
}
