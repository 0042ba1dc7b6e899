/** Reads members of a visual document by the shape that they must have, and says where they have not. */
import type { DiagnosticDraft, DiagnosticId } from "../../diagnostics/index.ts";
import { suggest } from "../../diagnostics/index.ts";
import type { Stretch } from "../text/syntax.ts";
import type { Located } from "./read-json.ts";

export type Report = (id: DiagnosticId, at: Stretch, draft: Omit<DiagnosticDraft, "span">) => void;

export interface Text extends Stretch {
  readonly text: string;
}

/** An object of the document. */
export class Entity implements Stretch {
  readonly start: number;
  readonly end: number;
  readonly #members: ReadonlyMap<string, Located>;
  readonly #what: string;
  readonly #report: Report;

  constructor(located: Located, what: string, known: readonly string[], report: Report) {
    this.start = located.start;
    this.end = located.end;
    this.#what = what;
    this.#report = report;
    this.#members = located.kind === "object" ? located.members : new Map<string, Located>();
    if (located.kind !== "object") wrongShape(located, what, "an object", report);
    for (const [name, value] of this.#members) {
      if (known.includes(name)) continue;
      const meant = suggest(name, known);
      report("HD1603", value, {
        message: `${what} has no member \`${name}\``,
        reason: "It is ignored, as if it were not there.",
        ...(meant === undefined ? {} : { help: `did you mean \`${meant}\`?` }),
      });
    }
  }

  member(name: string): Located | undefined {
    return this.#members.get(name);
  }

  text(name: string): Text {
    const found = this.#required(name);
    if (found?.kind === "scalar" && typeof found.value === "string") return { text: found.value, start: found.start, end: found.end };
    if (found !== undefined) wrongShape(found, `\`${name}\` of ${this.#what}`, "a text", this.#report);
    return { text: "", start: this.start, end: this.start + 1 };
  }

  optionalText(name: string): Text | undefined {
    return this.#members.has(name) ? this.text(name) : undefined;
  }

  flag(name: string): boolean {
    const found = this.#required(name);
    if (found?.kind === "scalar" && typeof found.value === "boolean") return found.value;
    if (found !== undefined) wrongShape(found, `\`${name}\` of ${this.#what}`, "true or false", this.#report);
    return false;
  }

  /** A whole number of at most 32 bits, and none below zero. */
  count(name: string): number {
    const found = this.#required(name);
    const value = found?.kind === "scalar" ? found.value : undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
    if (found !== undefined) wrongShape(found, `\`${name}\` of ${this.#what}`, "a whole number from 0", this.#report);
    return 0;
  }

  list(name: string): readonly Located[] {
    const found = this.#required(name);
    if (found?.kind === "array") return found.items;
    if (found !== undefined) wrongShape(found, `\`${name}\` of ${this.#what}`, "a list", this.#report);
    return [];
  }

  texts(name: string): readonly Text[] {
    return this.list(name).flatMap((item) => {
      if (item.kind === "scalar" && typeof item.value === "string") return [{ text: item.value, start: item.start, end: item.end }];
      wrongShape(item, `\`${name}\` of ${this.#what}`, "a list of texts", this.#report);
      return [];
    });
  }

  entity(name: string, known: readonly string[]): Entity | undefined {
    const found = this.#required(name);
    return found === undefined ? undefined : new Entity(found, `\`${name}\` of ${this.#what}`, known, this.#report);
  }

  #required(name: string): Located | undefined {
    const found = this.#members.get(name);
    if (found === undefined) {
      this.#report(
        "HD1602",
        { start: this.start, end: this.start + 1 },
        {
          message: `${this.#what} has no \`${name}\``,
          reason: "The document has this member always; nothing is assumed for it.",
          help: `add \`"${name}"\``,
        },
      );
    }
    return found;
  }
}

export function wrongShape(at: Stretch, what: string, wanted: string, report: Report): void {
  report("HD1602", at, { message: `${what} must be ${wanted}`, reason: "The visual document has one shape.", help: `write ${wanted}` });
}

/** The entity whose id is asked for; says so where there is none. */
export function found<T>(table: ReadonlyMap<string, T>, id: Text, what: string, report: Report): T | undefined {
  const value = table.get(id.text);
  if (value === undefined) {
    report("HD1606", id, {
      message: `there is no ${what} with the id \`${id.text}\``,
      reason: "Edges and values name the ids of the document, not the names that people see.",
      ...(suggest(id.text, table.keys()) === undefined ? {} : { help: `did you mean \`${suggest(id.text, table.keys())}\`?` }),
    });
  }
  return value;
}
