/**
 * What the runtime and a handler process say to each other: lines of JSON arrays, one line for all
 * that accumulated in a turn of the event loop.
 */
import type { Failure, JsonObject, JsonValue, LogLevel } from "@heddle/core";
import type { CallAnswer, CallWanted, HandlerCode } from "@heddle/ports";

export interface CallFrame {
  readonly kind: "call";
  readonly call: number;
  readonly handler: string;
  readonly args: readonly JsonValue[];
  readonly run: string;
  readonly node: string;
  readonly activation: number;
  readonly attempt: number;
  readonly key: string;
  readonly once: Readonly<Record<string, JsonValue>>;
}

export type ToProcess =
  | {
      readonly kind: "load";
      readonly folder: string;
      readonly handlers: readonly HandlerCode[];
    }
  | CallFrame
  | { readonly kind: "abort"; readonly call: number; readonly reason: string }
  | { readonly kind: "tool-answered"; readonly call: number; readonly request: number; readonly answer: CallAnswer }
  | { readonly kind: "once-recorded"; readonly call: number; readonly name: string; readonly error?: string };

export type FromProcess =
  | { readonly kind: "loaded" }
  | { readonly kind: "load-failed"; readonly message: string }
  /** The process has the call: from here on nobody else may run it. */
  | { readonly kind: "taken"; readonly call: number }
  | { readonly kind: "succeeded"; readonly call: number; readonly result: JsonValue }
  | { readonly kind: "failed"; readonly call: number; readonly failure: Failure }
  | { readonly kind: "aborted"; readonly call: number }
  /** The handler of a call calls a tool; `request` names it within the call. */
  | { readonly kind: "call-tool"; readonly call: number; readonly request: number; readonly wanted: CallWanted }
  | { readonly kind: "record-once"; readonly call: number; readonly name: string; readonly value: JsonValue }
  | {
      readonly kind: "log";
      readonly call: number;
      readonly level: LogLevel;
      readonly source: "log" | "console";
      readonly text: string;
      readonly fields?: JsonObject;
    };

/** Collects frames and writes those of one turn as one line. */
export class FrameWriter<Frame> {
  readonly #write: (text: string) => void;
  #frames: Frame[] = [];

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  send(frame: Frame): void {
    this.#frames.push(frame);
    if (this.#frames.length === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#write(`${JSON.stringify(frames)}\n`);
  }
}

/** Splits a stream of bytes into lines, and each line into its frames. */
export class FrameReader<Frame> {
  readonly #take: (frame: Frame) => void;
  #rest = "";

  constructor(take: (frame: Frame) => void) {
    this.#take = take;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) for (const frame of JSON.parse(line) as readonly Frame[]) this.#take(frame);
  }
}
