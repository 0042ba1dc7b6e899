/** The names of a body: what each stands for, and whether it may be assigned. */
import type { Expr } from "@heddle/core";
import type { StaticType } from "./context.ts";
import type { Frame } from "./draft.ts";

export interface Binding extends StaticType {
  /** Over variables of the frame in which it was made, or of one around it. */
  readonly expr: Expr;
  readonly kind: "const" | "let";
  /** Of a `let`: its variable, and the frame that it belongs to. */
  readonly variable?: string;
  readonly frame: Frame;
  /** The input of the workflow as a whole: a field of it is a variable. */
  readonly fields?: ReadonlyMap<string, Binding>;
}

export class Scope {
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, Binding>();
  readonly #later = new Set<string>();

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  get(name: string): Binding | undefined {
    return this.#names.get(name) ?? (this.#later.has(name) ? undefined : this.#parent?.get(name));
  }

  /** Names that this block declares further down: until then they stand for nothing, whatever they are outside. */
  announce(names: Iterable<string>): void {
    for (const name of names) if (!this.#names.has(name)) this.#later.add(name);
  }

  isAnnounced(name: string): boolean {
    if (this.#names.has(name)) return false;
    return this.#later.has(name) || this.#parent?.isAnnounced(name) === true;
  }

  /** What is known of a variable after an assignment that may or may not have happened. */
  retype(name: string, type: StaticType): void {
    const own = this.#names.get(name);
    if (own === undefined) this.#parent?.retype(name, type);
    else this.#names.set(name, { ...own, ...type });
  }

  set(name: string, binding: Binding): void {
    this.#names.set(name, binding);
  }
}
