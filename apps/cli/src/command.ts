/** The shape of a command. The table of them is data: the parser, the help and the documents come from it. */
import { HeddleError, nearestName } from "@heddle/core";
import type { CliContext } from "./context.ts";
import type { Printer } from "./printer.ts";

/** `flags` as commander writes them. `repeat`: may be given more than once. */
export interface OptionSpec {
  readonly flags: string;
  readonly summary: string;
  readonly repeat?: true;
}

export interface CommandSpec {
  /** The words that name it: `runs list`. */
  readonly name: string;
  /** Its arguments, as in `<run> [json]`. */
  readonly args?: string;
  readonly summary: string;
  /** One real command line. */
  readonly example: string;
  readonly options?: readonly OptionSpec[];
  /** Speaks to a daemon, and so takes `--target` and `--data`. */
  readonly daemon?: true;
  /** Returns the exit code. Errors are reported by whoever calls. */
  run(invocation: Invocation): Promise<number>;
}

/** One call of a command. */
export interface Invocation {
  readonly context: CliContext;
  readonly args: readonly (string | undefined)[];
  readonly options: Options;
  readonly printer: Printer;
}

/** Wrong usage: exit code 2. `help` says what to type instead. */
export class UsageError extends HeddleError<"request-invalid" | "input-invalid"> {
  readonly help: string | undefined;

  constructor(message: string, help?: string, code: "request-invalid" | "input-invalid" = "request-invalid") {
    super(code, message);
    this.name = "UsageError";
    this.help = help;
  }
}

/** The options of one call, read by type. Errors: {@link UsageError}. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[camel(name)] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[camel(name)];
    return typeof value === "string" ? value : undefined;
  }

  /** Of an option whose value may be left out: `true` where it was. */
  textOrFlag(name: string): string | boolean {
    const value = this.#values[camel(name)];
    return typeof value === "string" ? value : value === true;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[camel(name)];
    return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
  }

  count(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : countOf(name, text, min, max);
  }

  /** Of an option that may be given more than once. */
  counts(name: string, min: number, max: number): readonly number[] {
    return this.texts(name).map((text) => countOf(name, text, min, max));
  }

  choice<Choice extends string>(name: string, known: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    const found = known.find((one) => one === text);
    if (text === undefined || found !== undefined) return found;
    throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected one of ${known.join(", ")}${didYouMean(text, known)}`);
  }
}

function countOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected a whole number from ${min} to ${max}`);
}

/** ` (did you mean x?)`, where something known is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}

/** As commander names the value of `--input-file`. */
function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
