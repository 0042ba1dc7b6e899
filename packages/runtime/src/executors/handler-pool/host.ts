/**
 * The program of a handler process: loads the handlers of one bundle and runs calls, many at a time,
 * until its parent lets go of the channel.
 *
 * What a handler prints is told apart by the call that printed it. The channel is file descriptor 3;
 * stdout and stderr are the handlers' own. Places in what it prints and in what it throws are those of
 * the author's sources: a bundle brings a source map along for each of its modules.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { realpathSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import {
  adoptJson,
  CallFailedError,
  failureOf,
  failureOfThrown,
  type HandlerCallOptions,
  type HandlerContext,
  HeddleError,
  type JsonObject,
  type JsonValue,
  type LogLevel,
  logFunctions,
  outcomeOfResult,
} from "@heddle/core";
import type { CallAnswer } from "@heddle/ports";

import { createClassInstances } from "../class-instances.ts";
import { type CallFrame, FrameReader, FrameWriter, type FromProcess, type ToProcess } from "./frames.ts";
import { createShownPaths, type ShownPaths } from "./stack.ts";

type Handler = (...args: readonly unknown[]) => unknown;

interface OpenCall {
  readonly frame: CallFrame;
  readonly controller: AbortController;
  readonly recording: Map<string, { resolve(): void; reject(error: HeddleError): void }>;
  /** Tools that it called, by the number of the request. */
  readonly asking: Map<number, (answer: CallAnswer) => void>;
  asked: number;
}

const channel = new Socket({ fd: 3, readable: true, writable: true });
const writer = new FrameWriter<FromProcess>((text) => channel.write(text));
const reader = new FrameReader<ToProcess>(take);
const current = new AsyncLocalStorage<OpenCall>();
const calls = new Map<number, OpenCall>();
const handlers = new Map<string, Handler>();
const instances = createClassInstances();
const textMax = 8 * 1024;

/** Calls that have come and have not begun. */
let waiting: CallFrame[] = [];
let loaded = false;
let paths: ShownPaths | undefined;

process.setSourceMapsEnabled(true);
channel.setEncoding("utf8");
channel.on("data", (text: string) => {
  reader.push(text);
  begin();
});
// Without a parent there is nobody to run for.
channel.on("close", () => process.exit(0));
channel.on("error", () => process.exit(0));
process.on("unhandledRejection", (reason) => say("error", "console", `unhandled rejection: ${format(reason)}`));

for (const [method, level] of [
  ["log", "info"],
  ["info", "info"],
  ["warn", "warn"],
  ["error", "error"],
  ["debug", "debug"],
] as const) {
  console[method] = (...args: unknown[]) => say(level, "console", format(...args));
}

function say(level: LogLevel, source: "log" | "console", text: string, fields?: JsonObject): void {
  const call = current.getStore()?.frame.call ?? 0;
  const shown = paths?.withoutFolder(text) ?? text;
  writer.send({ kind: "log", call, level, source, text: shown.slice(0, textMax), ...(fields === undefined ? {} : { fields }) });
}

function take(frame: ToProcess): void {
  switch (frame.kind) {
    case "load":
      void load(frame);
      return;
    case "call":
      waiting.push(frame);
      return;
    case "abort": {
      const unbegun = waiting.findIndex((call) => call.call === frame.call);
      if (unbegun >= 0) {
        waiting.splice(unbegun, 1);
        writer.send({ kind: "aborted", call: frame.call });
      } else calls.get(frame.call)?.controller.abort(frame.reason);
      return;
    }
    case "tool-answered":
      calls.get(frame.call)?.asking.get(frame.request)?.(frame.answer);
      return;
    case "once-recorded": {
      const waiting = calls.get(frame.call)?.recording.get(frame.name);
      if (frame.error === undefined) waiting?.resolve();
      else waiting?.reject(new HeddleError("cancelled", frame.error));
      return;
    }
    default:
  }
}

/** Says which calls are begun before any of them runs: one that ends the process must not look unbegun. */
function begin(): void {
  if (!loaded || waiting.length === 0) return;
  const begun = waiting;
  waiting = [];
  for (const { call } of begun) writer.send({ kind: "taken", call });
  writer.flush();
  for (const frame of begun) void run(frame);
}

async function load(frame: Extract<ToProcess, { kind: "load" }>): Promise<void> {
  paths = createShownPaths([frame.folder, realFolder(frame.folder)]);
  try {
    for (const handler of frame.handlers) {
      const module = (await import(pathToFileURL(join(frame.folder, handler.file)).href)) as Readonly<Record<string, unknown>>;
      const value = module[handler.export];
      const fn = handler.method === undefined ? value : instances.methodOf(value, handler.method);
      if (typeof fn !== "function") {
        const what = handler.method === undefined ? "function export" : `class with the method ${handler.method} as its export`;
        writer.send({ kind: "load-failed", message: `${handler.file} has no ${what} ${handler.export} for handler ${handler.name}` });
        return;
      }
      nameInStacks(fn, handler.name);
      handlers.set(handler.name, fn as Handler);
    }
    writer.send({ kind: "loaded" });
    loaded = true;
    begin();
  } catch (error) {
    writer.send({ kind: "load-failed", message: paths.withoutFolder(format(error)).slice(0, textMax) });
  }
}

/** A function that has no name of its own goes by that of its handler. */
function nameInStacks(fn: object, name: string): void {
  if ((fn as { readonly name?: unknown }).name === "") Reflect.defineProperty(fn, "name", { value: name, configurable: true });
}

/** Node names modules by where they really are. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

async function run(frame: CallFrame): Promise<void> {
  const open: OpenCall = { frame, controller: new AbortController(), recording: new Map(), asking: new Map(), asked: 0 };
  calls.set(frame.call, open);
  const { call } = frame;
  try {
    const fn = handlers.get(frame.handler) as Handler;
    const value = await current.run(open, async () => fn(...frame.args, contextOf(open)));
    const outcome = outcomeOfResult(value, frame.node);
    if (outcome.kind === "succeeded") writer.send({ kind: "succeeded", call, result: outcome.result });
    else if (outcome.kind === "failed") writer.send({ kind: "failed", call, failure: outcome.failure });
  } catch (thrown) {
    if (open.controller.signal.aborted) writer.send({ kind: "aborted", call });
    else {
      const failure = failureOfThrown(thrown, frame.node);
      const stack = paths?.stackOf(thrown, failure.message);
      if (stack !== undefined) current.run(open, () => say("error", "console", stack));
      writer.send({ kind: "failed", call, failure });
    }
  } finally {
    calls.delete(call);
    for (const answer of open.asking.values()) answer(over(frame.node));
  }
}

function contextOf(open: OpenCall): HandlerContext {
  const { frame, controller, recording } = open;
  return {
    runId: frame.run,
    node: frame.node,
    activation: frame.activation,
    attempt: frame.attempt,
    idempotencyKey: frame.key,
    signal: controller.signal,
    log: logFunctions((level, text, fields) => say(level, "log", text, fields)),
    async once<Value extends JsonValue>(name: string, fn: () => Value | Promise<Value>): Promise<Value> {
      if (Object.hasOwn(frame.once, name)) return frame.once[name] as Value;
      const value = await fn();
      await new Promise<void>((resolve, reject) => {
        recording.set(name, { resolve, reject });
        writer.send({ kind: "record-once", call: frame.call, name, value });
      });
      return value;
    },
    call(tool: string, args: JsonObject = {}, options: HandlerCallOptions = {}): Promise<JsonValue> {
      const calling = callTool(open, tool, args, options);
      // A handler may forget to wait for it.
      calling.catch(() => undefined);
      return calling;
    },
  };
}

async function callTool(open: OpenCall, tool: string, args: JsonObject, { name }: HandlerCallOptions): Promise<JsonValue> {
  const wanted = { tool, args: adoptJson(args), ...(name === undefined ? {} : { name }) };
  const request = ++open.asked;
  const answer = await new Promise<CallAnswer>((resolve) => {
    if (!calls.has(open.frame.call)) return resolve(over(open.frame.node));
    open.asking.set(request, resolve);
    writer.send({ kind: "call-tool", call: open.frame.call, request, wanted });
  });
  open.asking.delete(request);
  if (answer.kind === "failed") throw new CallFailedError(answer.failure);
  return answer.result;
}

function over(node: string): CallAnswer {
  return { kind: "failed", failure: failureOf("cancelled", "the attempt is over", "denied", { node }) };
}
