/**
 * The steps whose code lies outside of handlers: actions of plugins, nodes of node servers, programs.
 * Each records one node; whether somebody offers what it names is seen when a run gets there.
 */
import type { JsonObject, JsonValue } from "@heddle/core";
import { AuthoringError } from "./authoring-error.ts";
import { resultRef } from "./expressions.ts";
import { assertName, nodeOptionsOf } from "./handler.ts";
import { type Scope, withResult } from "./steps.ts";
import { derivedOf } from "./symbolic.ts";
import type { Type } from "./types.ts";
import type { Value } from "./value.ts";

type Options = Readonly<Record<string, unknown>>;

/** The arms that every one of these steps may have, and the names of the options that say them. */
const armNames = ["onFailure", "onTimeout", "onRejected"] as const;

function armsOf(options: Options): object {
  return { failure: options["onFailure"], timeout: options["onTimeout"], rejected: options["onRejected"] };
}

function without(options: Options, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

/** The inputs of a step by name. */
function readsOf({ recorder, block }: Scope, input: unknown, id: string): readonly unknown[] {
  if (derivedOf(input) !== undefined || typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new AuthoringError(`the input of ${id} is not an object that is spelled out`, "Give its inputs by name: { name: value }");
  }
  return Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value: recorder.resolve(value, block, `input ${name} of ${id}`) }));
}

/** A call of a plugin's action, or of a tool of the runtime for its capability. */
export function tool(scope: Scope, name: unknown, input: unknown = {}, options: Options = {}): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.tool");
  assertName(name, "the tool of b.tool");
  const { id: given, capability = name, permission, output } = options;
  const others = ["id", "capability", "permission", "output", ...armNames];
  const own = nodeOptionsOf(without(options, others), `b.tool ${name}`, others);
  if (permission !== undefined && permission !== "read" && permission !== "modify" && permission !== "admin")
    throw new AuthoringError(`the permission of b.tool ${name} is ${JSON.stringify(permission)}`, "There are read, modify and admin");
  assertName(capability, `the capability of b.tool ${name}`);
  const id = recorder.claimId(given as string | undefined, name.split(".").at(-1) || name);
  const reads = readsOf(scope, input, id);
  const node = recorder.add(block, id, () => ({
    kind: "tool",
    ...own,
    capability,
    tool: name,
    ...(permission === undefined ? {} : { permission }),
    reads,
  }));
  return withResult(scope, node, { name: id, type: output as Type<unknown> | undefined, arms: armsOf(options) });
}

/** A node of a node server. */
export function remote(scope: Scope, uid: unknown, input: unknown = {}, options: Options = {}): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.remote");
  if (typeof uid !== "string" || uid === "")
    throw new AuthoringError("b.remote was not given the uid of a node", 'Write b.remote("resize", { size: … })');
  const { id: given, server, parameters, output } = options;
  const others = ["id", "server", "parameters", "output", ...armNames];
  const own = nodeOptionsOf(without(options, others), `b.remote ${uid}`, others);
  const id = recorder.claimId(given as string | undefined, uid);
  const reads = readsOf(scope, input, id);
  if (parameters !== undefined) assertPlain(parameters, `parameters of ${id}`, "Parameters are fixed; give values of a run as inputs");
  const target = { node: uid, ...(server === undefined ? {} : { server }), ...(parameters === undefined ? {} : { parameters }) };
  const node = recorder.add(block, id, () => ({ kind: "remote", ...own, remote: target, reads }));
  return withResult(scope, node, { name: id, type: output as Type<unknown> | undefined, arms: armsOf(options) });
}

/** A program on the machine of the runtime. */
export function program(scope: Scope, command: unknown, input: unknown = {}, options: Options = {}): Value<unknown> {
  const { recorder, block } = scope;
  recorder.assertCurrent(block, "b.process");
  const { id: given, files = [], config = {}, output } = options;
  const others = ["id", "files", "config", "output", ...armNames];
  const own = nodeOptionsOf(without(options, others), "b.process", others);
  assertPlain(config, "config of b.process", "It is fixed; give values of a run as inputs");
  const type = output as Type<unknown> | undefined;
  const uploads = new Map<string, string>();
  const words = commandOf(command, uploads);
  for (const file of files as readonly unknown[]) upload(file, uploads, "files of b.process");
  const id = recorder.claimId(given as string | undefined, nameOf(command));
  const reads = readsOf(scope, input, id);
  const sources = [...uploads].map(([target, source]) => ({ source, target }));
  const node = recorder.add(block, id, () => ({
    kind: "process",
    ...own,
    ...(sources.length === 0 ? {} : { uploads: [...((own["uploads"] as readonly JsonValue[] | undefined) ?? []), ...sources] }),
    config: { ...(type === undefined ? {} : { require_json_object: true }), ...(config as JsonObject), command: words },
    reads,
  }));
  const value = type === undefined ? resultRef : ({ kind: "field", of: resultRef, name: "output" } as const);
  return withResult(scope, node, { name: id, value, type, arms: armsOf(options) });
}

/** A command with each file in it by the name that it has beside the program. */
function commandOf(command: unknown, uploads: Map<string, string>): string | readonly string[] {
  if (typeof command === "string" && command !== "") return command;
  if (!Array.isArray(command) || command.length === 0 || derivedOf(command) !== undefined) {
    throw new AuthoringError(
      "b.process was not given a command",
      'Write b.process(["node", new URL("./program.mjs", import.meta.url)], { name: value })',
    );
  }
  return command.map((word: unknown) => {
    if (typeof word === "string") return word;
    return upload(word, uploads, "the command of b.process");
  });
}

/** Takes a file along, and gives the name that it has in the folder of an attempt. */
function upload(file: unknown, uploads: Map<string, string>, where: string): string {
  if (!(file instanceof URL) || file.protocol !== "file:") {
    const fixed = derivedOf(file) === undefined ? "" : ", a value that only a run knows: give it as an input";
    throw new AuthoringError(
      `${where} holds something that is neither a text nor the place of a file${fixed}`,
      'Name a file as new URL("./program.mjs", import.meta.url)',
    );
  }
  const name = decodeURIComponent(file.pathname.split("/").at(-1) ?? "");
  const known = uploads.get(name);
  if (name === "" || (known !== undefined && known !== file.href)) {
    throw new AuthoringError(
      name === "" ? `${where} holds a folder` : `${where} holds two files that are named ${name}`,
      "Files lie beside each other there: name each file, and give one of them another name",
    );
  }
  uploads.set(name, file.href);
  return name;
}

function nameOf(command: unknown): string {
  const words = typeof command === "string" ? command.trim().split(/\s+/) : (command as readonly (string | URL)[]);
  const file = words.find((word) => word instanceof URL);
  const place = file instanceof URL ? decodeURIComponent(file.pathname) : String(words[0] ?? "");
  const [name = ""] = (place.split("/").at(-1) ?? "").split(".");
  return name === "" ? "process" : name;
}

/** Holds fixed settings to plain values: a run cannot fill them in. */
function assertPlain(value: unknown, what: string, help: string): void {
  const holds = (one: unknown): boolean =>
    derivedOf(one) !== undefined || (typeof one === "object" && one !== null && Object.values(one).some(holds));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new AuthoringError(`${what} is not an object`);
  if (holds(value)) throw new AuthoringError(`${what} hold a value that only a run knows`, help);
}
