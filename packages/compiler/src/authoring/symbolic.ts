/**
 * Symbolic values: proxies that turn member access into expressions, and every other use of them by
 * JavaScript into an error that says what to write instead.
 *
 * JavaScript does not ask a proxy whether it is true, nor whether it is identical to something. So
 * each member read and each operator result is remembered, and those that end up in no step are
 * reported when the workflow is finished: that is what `if (check.ok)` leaves behind.
 */
import type { Expr, JsonValue } from "@heddle/core";
import { AuthoringError, type CallSite, callSite } from "./authoring-error.ts";
import { showExpr } from "./expressions.ts";
import type { Value } from "./value.ts";

/** The workflow under construction that a symbolic value belongs to. */
export interface Owner {
  readonly workflow: string;
  readonly derived: Derived[];
}

/** What stands behind a proxy. */
export interface Derived {
  readonly expr: Expr;
  readonly owner: Owner | undefined;
  readonly site: CallSite | undefined;
  used: boolean;
}

const behind = new WeakMap<object, Derived>();

/** What stands behind a symbolic value; undefined for anything else. */
export function derivedOf(value: unknown): Derived | undefined {
  return (typeof value === "object" || typeof value === "function") && value !== null ? behind.get(value) : undefined;
}

/** A symbolic value for an expression. `derived`: it must be used somewhere, or is reported. */
export function symbolic<T>(expr: Expr, owner: Owner | undefined, derived = true): Value<T> {
  const data: Derived = { expr, owner, site: derived ? callSite() : undefined, used: !derived };
  if (derived) owner?.derived.push(data);
  // Calling a value must reach the `apply` trap, so the target is a function; an arrow has no fixed members.
  const proxy: object = new Proxy(() => undefined, trapsOf(data));
  behind.set(proxy, data);
  return proxy as Value<T>;
}

/** An expression for a plain value that may hold symbolic ones, and the workflow that those belong to. */
export function lower(value: unknown, what: string): { readonly expr: Expr; readonly owner: Owner | undefined } {
  const found: { owner: Owner | undefined } = { owner: undefined };
  return { expr: lowerInto(value, what, found, 0), owner: found.owner };
}

function lowerInto(value: unknown, what: string, found: { owner: Owner | undefined }, depth: number): Expr {
  const data = derivedOf(value);
  if (data !== undefined) {
    data.used = true;
    if (data.owner !== undefined) {
      if (found.owner !== undefined && found.owner !== data.owner) throw strangerError(what, data);
      found.owner = data.owner;
    }
    return data.expr;
  }
  if (depth > 100) throw new AuthoringError(`${what} is nested more than 100 levels deep, or holds itself`);
  switch (typeof value) {
    case "string":
    case "boolean":
      return { kind: "literal", value };
    case "number":
      if (Number.isFinite(value)) return { kind: "literal", value };
      throw new AuthoringError(`${what} is ${value}, and only finite numbers exist in a run`);
    case "undefined":
      throw new AuthoringError(
        `${what} is undefined`,
        "Write null for nothing; a member that a step does not give has a misspelt name or was read too early",
      );
    case "object":
      return value === null ? { kind: "literal", value } : lowerObject(value, what, found, depth);
    default:
      throw new AuthoringError(`${what} is a ${typeof value}, and only JSON values exist in a run`);
  }
}

function lowerObject(value: object, what: string, found: { owner: Owner | undefined }, depth: number): Expr {
  if (value instanceof Date) return { kind: "literal", value: value.toISOString() };
  if (typeof (value as { then?: unknown }).then === "function") {
    throw new AuthoringError(`${what} is a promise`, "A workflow is built without waiting; wait inside a handler");
  }
  if (Array.isArray(value)) {
    const items = value.map((item, i) => lowerInto(item, `${what}[${i}]`, found, depth + 1));
    const plain = items.map(plainOf);
    return plain.every((item) => item !== undefined) ? { kind: "literal", value: plain } : { kind: "array", items };
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new AuthoringError(`${what} is an instance of a class, and only plain objects exist in a run`);
  }
  const fields = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => ({ name, value: lowerInto(member, `${what}.${name}`, found, depth + 1) }));
  const plain: Record<string, JsonValue> = {};
  for (const field of fields) {
    const known = plainOf(field.value);
    if (known === undefined || field.name === "__proto__") return { kind: "object", fields };
    plain[field.name] = known;
  }
  return { kind: "literal", value: plain };
}

function plainOf(expr: Expr): JsonValue | undefined {
  return expr.kind === "literal" ? expr.value : undefined;
}

function strangerError(what: string, data: Derived): AuthoringError {
  return new AuthoringError(
    `${what} mixes values of two workflows (${showExpr(data.expr)} belongs to ${data.owner?.workflow})`,
    "Pass a value to another workflow as its input",
  );
}

const methods: Readonly<Record<string, string>> = {
  map: "Use b.map(list, (item, b) => …)",
  flatMap: "Use b.map(list, (item, b) => …), and flatten in a handler",
  forEach: "Use b.map(list, (item, b) => …)",
  filter: "Filter in a handler",
  reduce: "Reduce in a handler",
  join: "Join in a handler",
  sort: "Sort in a handler",
  slice: "Slice in a handler",
  concat: "Concatenate in a handler, or use text`…` for strings",
  includes: "Use contains(whole, part)",
  startsWith: "Use startsWith(text, prefix)",
  at: "Use at(list, index)",
};

function trapsOf(data: Derived): ProxyHandler<() => unknown> {
  const shown = (): string => showExpr(data.expr);
  const refuse = (message: string, help: string): never => {
    data.used = true;
    throw new AuthoringError(message, help);
  };
  const read = (expr: Expr): unknown => {
    data.used = true;
    return symbolic(expr, data.owner);
  };
  return {
    get: (_target, key) => {
      if (typeof key === "symbol") return readSymbol(key, shown, refuse);
      switch (key) {
        case "then":
          return refuse(
            `${shown()} was awaited, and it is symbolic: its value exists only in a run`,
            'Leave the await out; steps wait for what they read (for a member named then, use field(value, "then"))',
          );
        case "toJSON":
        case "toString":
        case "valueOf":
        case "toLocaleString":
          return refuse(
            `${shown()} was turned into text, and it is symbolic: its value exists only in a run`,
            "Use text`…` for texts, or give the value to a handler",
          );
        case "length":
          return read({ kind: "length", of: data.expr });
        case "constructor":
        case "prototype":
        case "__proto__":
          return undefined;
        default:
          return /^(?:0|[1-9]\d{0,8})$/.test(key)
            ? read({ kind: "index", of: data.expr, at: { kind: "literal", value: Number(key) } })
            : read({ kind: "field", of: data.expr, name: key });
      }
    },
    apply: () => {
      const name = data.expr.kind === "field" ? data.expr.name : "";
      const help = Object.hasOwn(methods, name) ? methods[name] : "Methods run in handlers; write a handler for it";
      return refuse(`${shown()}(…) was called, and ${shown()} is symbolic: it has no methods here`, help as string);
    },
    has: () => refuse(`"in" was used on ${shown()}, which is symbolic`, 'Use not(eq(field(value, "name"), null))'),
    ownKeys: () => refuse(`the members of ${shown()} were listed or spread, and it is symbolic`, "Name the members you need"),
    set: () => refuse(`a member of ${shown()} was set, and it is symbolic`, "Use b.let and b.assign, or a new object"),
    deleteProperty: () => refuse(`a member of ${shown()} was deleted, and it is symbolic`, "Build a new object"),
  };
}

function readSymbol(key: symbol, shown: () => string, refuse: (message: string, help: string) => never): unknown {
  if (key === Symbol.toPrimitive) {
    return refuse(
      `${shown()} was used with a JavaScript operator, and it is symbolic: its value exists only in a run`,
      "Use text`…` for texts, eq, lt, add, … for operators, and b.branch or cond for decisions",
    );
  }
  if (key === Symbol.iterator || key === Symbol.asyncIterator) {
    return refuse(`${shown()} was iterated, and it is symbolic`, "Use b.map(list, (item, b) => …)");
  }
  return undefined;
}

/** Raises for member reads and operator results that no step uses. */
export function assertAllUsed(owner: Owner): void {
  const [idle] = owner.derived.filter((data) => !data.used);
  if (idle === undefined) return;
  throw new AuthoringError(
    `${showExpr(idle.expr)} is read and no step uses it`,
    "If it stands in a JavaScript if, ?:, &&, || or ===, which cannot see the value of a run: use b.branch, cond, and, or, eq. Else leave it out",
    idle.site,
  );
}
