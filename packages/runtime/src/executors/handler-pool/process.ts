/**
 * One warm handler process: started with no inherited environment and bounded memory, spoken to over
 * a pipe, ended by signal. It knows its calls, and says of each how it ended when the process does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { BundleCode, CallAnswer } from "@heddle/ports";
import type { Confine } from "../../guards/sandbox/sandbox.ts";
import { instruct } from "../../guards/sandbox/start-instructed.ts";
import { type CallFrame, FrameReader, FrameWriter, type FromProcess, type ToProcess } from "./frames.ts";
import { createShownPaths, type ShownPaths } from "./stack.ts";

export interface ProcessEvents {
  loaded(): void;
  loadFailed(message: string): void;
  frame(frame: Extract<FromProcess, { readonly call: number }>): void;
  print(source: "stdout" | "stderr", text: string): void;
  /** It is gone, whatever the cause. Called once. */
  gone(message: string): void;
}

/** The program of a handler process. */
export const handlerHostFile = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./host.ts" : "./host.js", import.meta.url));
const printedLineMax = 8 * 1024;

export class HandlerProcess {
  readonly #child: ChildProcess;
  readonly #writer: FrameWriter<ToProcess>;
  readonly #events: ProcessEvents;
  readonly #paths: ShownPaths;
  #gone = false;

  constructor(
    code: BundleCode,
    memoryMb: number,
    environment: Readonly<Record<string, string>>,
    confine: Confine | undefined,
    events: ProcessEvents,
  ) {
    this.#events = events;
    this.#paths = createShownPaths([code.folder]);
    const line = [process.execPath, `--max-old-space-size=${memoryMb}`, "--disable-warning=ExperimentalWarning", handlerHostFile];
    const confined = confine?.(line, environment, 4);
    const [program = "", ...args] = confined?.line ?? line;
    this.#child = spawn(program, args, {
      cwd: code.folder,
      env: { ...(confined?.environment ?? environment) },
      stdio: ["ignore", "pipe", "pipe", "pipe", ...(confined === undefined ? [] : ["pipe" as const])],
      windowsHide: true,
    });
    if (confined !== undefined) instruct(this.#child.stdio[4] as Writable, confined.instructions);
    const channel = this.#child.stdio[3] as Duplex;
    this.#writer = new FrameWriter((text) => {
      if (!this.#gone && channel.writable) channel.write(text);
    });
    const reader = new FrameReader<FromProcess>((frame) => this.#take(frame));
    channel.setEncoding("utf8");
    channel.on("data", (text: string) => {
      try {
        reader.push(text);
      } catch {
        // A handler that writes to the channel itself has broken it: the process cannot be trusted any more.
        this.kill();
      }
    });
    channel.on("error", () => undefined);
    this.#child.on("error", (error) => this.#end(`it could not be started: ${error.message}`));
    this.#child.on("exit", (exitCode, signal) =>
      this.#end(signal === null ? `it exited with code ${exitCode}` : `it was ended by ${signal}`),
    );
    this.#print("stdout");
    this.#print("stderr");
    this.#writer.send({ kind: "load", folder: code.folder, handlers: code.handlers });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  call(frame: CallFrame): void {
    this.#writer.send(frame);
  }

  abort(call: number, reason: string): void {
    this.#writer.send({ kind: "abort", call, reason });
  }

  onceRecorded(call: number, name: string, error: string | undefined): void {
    this.#writer.send({ kind: "once-recorded", call, name, ...(error === undefined ? {} : { error }) });
  }

  toolAnswered(call: number, request: number, answer: CallAnswer): void {
    this.#writer.send({ kind: "tool-answered", call, request, answer });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #take(frame: FromProcess): void {
    if (frame.kind === "loaded") this.#events.loaded();
    else if (frame.kind === "load-failed") this.#events.loadFailed(frame.message);
    else this.#events.frame(frame);
  }

  #end(message: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#events.gone(message);
  }

  #print(source: "stdout" | "stderr"): void {
    const stream = this.#child[source];
    if (stream === null) return;
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(-printedLineMax);
      for (const line of lines) if (line !== "") this.#events.print(source, this.#paths.withoutFolder(line).slice(0, printedLineMax));
    });
    stream.on("error", () => undefined);
  }
}
