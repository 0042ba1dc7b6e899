/**
 * The body of a service, read as a graph: each call is a node, and what it reads says which messages come to it. Nothing of
 * a body is a place in time: two calls of which neither reads what the other gives are made at the same time, wherever
 * they stand, and what would need an order of its own (loops, waits, `try`) is refused. What the graph is: `service-graph.ts`.
 */
import type { Expr, Read } from "@heddle/core";
import type { Expression, Node, Statement } from "oxc-parser";
import { mapRefs, variableRef } from "../../authoring/expressions.ts";
import { isFunctionNode, walk } from "./ast.ts";
import { nullValue } from "./context.ts";
import type { NodeDraft, Written } from "./draft.ts";
import { declaredBy } from "./lower-statements.ts";
import { type Lowering, type Place, refuse, textAt } from "./lowering.ts";
import { Scope } from "./scope.ts";
import { strayOf, strayStatements } from "./service-refusals.ts";

/** A call, or a choice between two ways on. Expressions read calls, and the message, by {@link sourceRef}. */
export type ServiceItem =
  | { readonly kind: "call"; readonly node: NodeDraft; readonly reads: readonly Read[]; readonly at: Written }
  | {
      readonly kind: "choice";
      readonly test: Expr;
      readonly then: readonly ServiceItem[];
      readonly otherwise: readonly ServiceItem[];
      readonly at: Written;
    };

/** What a node gave, or the message, in an expression that has not found its place in the graph. */
export function sourceRef(node: string): Expr {
  return variableRef(`@${node}`);
}

/** Size of an expression once every name in it stands for what it is. */
const sizeMax = 20_000;

/**
 * The calls and choices of a body. `message`: the variable of the parameter, and the node that it comes from. `inputs`: the
 * inputs that are read by name.
 */
export function readService(
  ctx: Lowering,
  body: Expression | Extract<Node, { type: "BlockStatement" }>,
  at: Place,
  message: { readonly variable: string; readonly node: string } | undefined,
  inputs: () => readonly string[],
): readonly ServiceItem[] {
  const reading = new Reading(ctx);
  if (body.type === "BlockStatement") reading.list(body.body as readonly Statement[], at);
  else reading.returned(body, at);
  const values = new Values(ctx, at, message, new Set(inputs()));
  return reading.top.map((item) => values.item(item));
}

interface RawCall {
  readonly kind: "call";
  readonly node: NodeDraft;
  readonly at: Written;
}
interface RawChoice {
  readonly kind: "choice";
  readonly test: Expr;
  readonly then: readonly RawItem[];
  readonly otherwise: readonly RawItem[];
  readonly at: Written;
}
type RawItem = RawCall | RawChoice;

/** Whether a stretch of statements returns: on none of its ways, on some, on all. */
type Returns = "never" | "partly" | "always";

interface Stretch {
  readonly items: readonly RawItem[];
  readonly returns: Returns;
}

class Reading {
  top: readonly RawItem[] = [];
  readonly #ctx: Lowering;
  readonly #ends = new Map<number, number>();
  #taken = 0;

  constructor(ctx: Lowering) {
    this.#ctx = ctx;
  }

  list(list: readonly Statement[], at: Place): void {
    this.top = this.#stretch(list, at).items;
  }

  returned(node: Expression, at: Place): void {
    this.top = this.#returned(node, at);
  }

  #stretch(list: readonly Statement[], at: Place): Stretch {
    at.scope.announce(list.flatMap(declaredBy));
    const items: RawItem[] = [];
    let returns: Returns = "never";
    for (const [index, node] of list.entries()) {
      const rest = list.slice(index + 1).filter(({ type }) => type !== "EmptyStatement");
      switch (node.type) {
        case "EmptyStatement":
          break;
        case "VariableDeclaration":
          items.push(...this.#declared(node, at));
          break;
        case "ExpressionStatement":
          items.push(...this.#effect(node.expression, at));
          break;
        case "ReturnStatement":
          if (node.argument !== null) items.push(...this.#returned(node.argument, at));
          this.#unreached(rest);
          return { items, returns: "always" };
        case "BlockStatement": {
          const inner = this.#stretch(node.body, { ...at, scope: new Scope(at.scope) });
          items.push(...inner.items);
          if (inner.returns === "always") {
            this.#unreached(rest);
            return { items, returns: "always" };
          }
          if (inner.returns === "partly") {
            this.#leavesPartly(node, rest);
            returns = "partly";
          }
          break;
        }
        case "IfStatement": {
          const whole = this.#choice(node, rest, at);
          items.push(...whole.items);
          if (whole.done) return { items, returns: whole.returns };
          if (whole.returns === "partly") returns = "partly";
          break;
        }
        default:
          this.#refuseStatement(node);
      }
    }
    return { items, returns };
  }

  #choice(
    node: Extract<Statement, { type: "IfStatement" }>,
    rest: readonly Statement[],
    at: Place,
  ): Stretch & { /** What stands behind it is in it. */ readonly done: boolean } {
    const sound = this.#isSound(node.test, at);
    const test = sound ? this.#ctx.condition(node.test, at).expr : nullValue.expr;
    const before = this.#calls();
    const branch = (statement: Statement | null): Stretch =>
      statement === null
        ? { items: [], returns: "never" }
        : this.#stretch(statement.type === "BlockStatement" ? statement.body : [statement], { ...at, scope: new Scope(at.scope) });
    const then = branch(node.consequent);
    const otherwise = branch(node.alternate);
    const choice = (a: readonly RawItem[], b: readonly RawItem[]): readonly RawItem[] => [
      ...before,
      { kind: "choice", test, then: a, otherwise: b, at: { start: node.test.start, end: node.test.end } },
    ];
    const both = choice(then.items, otherwise.items);
    if (then.returns === "always" && otherwise.returns === "always") {
      this.#unreached(rest);
      return { items: both, returns: "always", done: true };
    }
    if (then.returns === "never" && otherwise.returns === "never") return { items: both, returns: "never", done: false };
    if (then.returns === "partly" || otherwise.returns === "partly") {
      this.#leavesPartly(node, rest);
      return { items: both, returns: "partly", done: false };
    }
    // What follows belongs to the way that does not return.
    const after = this.#stretch(rest, at);
    const items =
      then.returns === "always"
        ? choice(then.items, [...otherwise.items, ...after.items])
        : choice([...then.items, ...after.items], otherwise.items);
    return { items, returns: after.returns === "always" ? "always" : "partly", done: true };
  }

  #declared(node: Extract<Statement, { type: "VariableDeclaration" }>, at: Place): readonly RawItem[] {
    if (node.kind !== "const") this.#refuseChange(node, `\`${node.kind}\` declares a variable that may change`);
    const sound = node.declarations.every(({ init }) => init === null || this.#isSound(init, at));
    if (node.kind === "const" && sound) this.#ctx.statements([node], at);
    // The names stand for something, so that what follows does not complain about them.
    else for (const { id } of node.declarations) this.#ctx.bindPattern(id, nullValue, at, "const");
    return this.#calls();
  }

  #effect(node: Expression, at: Place): readonly RawItem[] {
    if (node.type === "AssignmentExpression" || node.type === "UpdateExpression") {
      this.#refuseChange(node, `\`${textAt(this.#ctx, node)}\` changes a variable`);
      return [];
    }
    if (this.#isSound(node, at)) this.#ctx.expression(node, at);
    return this.#calls();
  }

  #returned(node: Expression, at: Place): readonly RawItem[] {
    if (this.#isSound(node, at)) this.#ctx.returned(node, at);
    return this.#calls();
  }

  /** The calls that were written into the frame since it was asked. */
  #calls(): readonly RawItem[] {
    const { nodes } = this.#frame();
    const added = nodes.slice(this.#taken).filter(({ fields }) => fields["kind"] === "handler" || fields["kind"] === "workflow");
    this.#taken = nodes.length;
    return added.map((node) => {
      const start = node.offset ?? 0;
      return { kind: "call", node, at: { start, end: this.#ends.get(start) ?? start + 1 } };
    });
  }

  #place: Place | undefined;

  #frame(): Place["block"]["frame"] {
    return this.#place?.block.frame ?? this.#ctx.draft.frame("function", undefined).frame;
  }

  /** Whether the steps of an expression are all taken whenever it is evaluated. What is not so is said. */
  #isSound(root: Node, at: Place): boolean {
    const ctx = this.#ctx;
    this.#place = at;
    let sound = true;
    walk(root, (node) => {
      if (node.type === "CallExpression") this.#ends.set(node.start, Math.min(node.end, this.#ends.get(node.start) ?? node.end));
      const words = strayOf(ctx, node, at);
      if (words !== undefined) {
        refuse(ctx, words.id, node, words);
        sound = false;
      }
      return words === undefined && !isFunctionNode(node);
    });
    return sound;
  }

  #refuseChange(node: Node, message: string): void {
    refuse(this.#ctx, "HD3602", node, {
      message,
      reason: "Each message goes through a service on its own, many at the same time, so that a name stands for one value.",
      help: "use `const` under another name; what lasts from message to message is the state of a handler, which it gives as `next_state`",
    });
  }

  #refuseStatement(node: Statement): void {
    const [what, help] = strayStatements[node.type] ?? ["this statement", "do it in a handler, or in a workflow that the service calls"];
    refuse(
      this.#ctx,
      "HD3601",
      { start: node.start, end: Math.min(node.end, node.start + 30) },
      {
        message: `${what} is not one of a service`,
        reason: "The body of a service is a graph: its calls are nodes, and the values that they read are messages between them.",
        help,
      },
    );
  }

  #leavesPartly(node: Statement, rest: readonly Statement[]): void {
    if (rest.length === 0) return;
    refuse(
      this.#ctx,
      "HD3601",
      { start: node.start, end: Math.min(node.end, node.start + 30) },
      {
        message: "a `return` in here leaves what follows to some of the ways through it",
        reason: "What is behind an `if` comes after all of it, or belongs to the one way that does not return.",
        help: "put what follows into the way that it belongs to, with `else`",
      },
    );
  }

  #unreached([first]: readonly Statement[]): void {
    if (first === undefined) return;
    refuse(this.#ctx, "HD3311", first, {
      message: `\`${textAt(this.#ctx, first)}\` is never reached`,
      reason: "What stands before it returns in any case.",
      help: "take it out",
    });
  }
}

/** What names stand for, once nothing of them is a variable any more. */
class Values {
  readonly #ctx: Lowering;
  readonly #written = new Map<string, { readonly node: string; readonly value: Expr }>();
  readonly #known = new Map<string, { readonly expr: Expr; readonly size: number }>();
  readonly #inputs: ReadonlySet<string>;
  #isTold = false;

  constructor(
    ctx: Lowering,
    at: Place,
    message: { readonly variable: string; readonly node: string } | undefined,
    inputs: ReadonlySet<string>,
  ) {
    this.#ctx = ctx;
    this.#inputs = inputs;
    for (const node of at.block.frame.nodes)
      for (const { variable, value } of node.writes) this.#written.set(variable, { node: node.id, value });
    if (message !== undefined) this.#known.set(message.variable, { expr: sourceRef(message.node), size: 1 });
  }

  item(item: RawItem): ServiceItem {
    if (item.kind === "choice") {
      const { then, otherwise } = item;
      return {
        ...item,
        test: this.#whole(item.test, undefined, item.at).expr,
        then: then.map((one) => this.item(one)),
        otherwise: otherwise.map((one) => this.item(one)),
      };
    }
    const reads = (item.node.fields["reads"] ?? []) as readonly Read[];
    return { ...item, reads: reads.map((read) => ({ ...read, value: this.#whole(read.value, undefined, item.at).expr })) };
  }

  #whole(expr: Expr, node: string | undefined, at: Written): { readonly expr: Expr; readonly size: number } {
    let size = 1;
    const whole = mapRefs(expr, (ref) => {
      size += 1;
      if (ref.scope === "result" && node !== undefined) return sourceRef(node);
      if (ref.scope !== "var" || ref.name === undefined) return ref;
      const known = this.#variable(ref.name, at);
      size += known.size;
      return known.expr;
    });
    if (size <= sizeMax) return { expr: whole, size };
    if (!this.#isTold) {
      refuse(this.#ctx, "HD3004", at, {
        message: "this computes with more than a message can be asked",
        reason: `Names stand for what they are made of, and that is more than ${sizeMax} parts here.`,
        help: "compute it in a handler, whose result is one value",
      });
    }
    this.#isTold = true;
    return { expr: nullValue.expr, size: 1 };
  }

  #variable(name: string, at: Written): { readonly expr: Expr; readonly size: number } {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#inputs.has(name)) return { expr: { kind: "field", of: variableRef("input"), name }, size: 2 };
    // A name is made of names that were there before it; what is not stands for nothing.
    this.#known.set(name, { expr: nullValue.expr, size: 1 });
    const written = this.#written.get(name);
    const value = written === undefined ? { expr: nullValue.expr, size: 1 } : this.#whole(written.value, written.node, at);
    this.#known.set(name, value);
    return value;
  }
}
