/** What the frontend asks of a syntax tree, whatever the node: children, names, what a tree contains. Nothing recurses. */
import type { Expression, Node } from "oxc-parser";

/** Expressions that stand for the one inside: parentheses, assertions, `!`. */
export function unwrap(node: Expression): Expression {
  let at = node;
  for (;;) {
    switch (at.type) {
      case "ParenthesizedExpression":
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression":
      case "TSTypeAssertion":
      case "ChainExpression":
        at = at.expression;
        break;
      default:
        return at;
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The nodes right below one. */
export function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (const [name, value] of Object.entries(node)) {
    if (name === "parent") continue;
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

/** Visits a tree, outermost first. `into` answers whether to look into a node. */
export function walk(root: Node, into: (node: Node) => boolean): void {
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) if (into(node)) open.push(...childrenOf(node).toReversed());
}

/** Levels of a tree; stops counting at `max`. */
export function depthOf(root: Node, max: number): number {
  let level: readonly Node[] = [root];
  let depth = 0;
  while (level.length > 0 && depth < max) {
    depth++;
    level = level.flatMap(childrenOf);
  }
  return depth;
}

const functionTypes: ReadonlySet<string> = new Set(["ArrowFunctionExpression", "FunctionExpression", "FunctionDeclaration"]);

export function isFunctionNode(node: Node): boolean {
  return functionTypes.has(node.type);
}

/** `this.field.method(…)`: the call of what a field of a class holds. A private field has its `#`. */
export function memberCall(node: Node): { readonly field: string; readonly method: string } | undefined {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression" || node.callee.computed) return undefined;
  const object = unwrap(node.callee.object);
  if (object.type !== "MemberExpression" || object.computed || object.object.type !== "ThisExpression") return undefined;
  const { property } = node.callee;
  const field = object.property.type === "PrivateIdentifier" ? `#${object.property.name}` : (object.property as { name: string }).name;
  return property.type === "Identifier" ? { field, method: property.name } : undefined;
}

/** Whether a node itself takes a step: an `await`, or a call of an agent that a class holds. */
export function isStepNode(node: Node): boolean {
  return node.type === "AwaitExpression" || memberCall(node) !== undefined;
}

/** Whether something in a tree awaits, functions inside it aside. */
export function awaits(root: Node): boolean {
  let found = false;
  walk(root, (node) => {
    if (isStepNode(node)) found = true;
    return !found && (node === root || !isFunctionNode(node));
  });
  return found;
}

/** Whether a tree has a node of one of these types, functions inside it included. */
export function has(root: Node, ...types: readonly string[]): boolean {
  let found = false;
  walk(root, (node) => {
    if (types.includes(node.type)) found = true;
    return !found;
  });
  return found;
}

/** The assignments of a tree: the name, and the stretch of source after which it is done. */
export function assignmentsIn(root: Node): readonly { readonly name: string; readonly node: Node }[] {
  const found: { name: string; node: Node }[] = [];
  walk(root, (node) => {
    const target = node.type === "AssignmentExpression" ? node.left : node.type === "UpdateExpression" ? node.argument : undefined;
    if (target?.type === "Identifier") found.push({ name: target.name, node });
    return true;
  });
  return found;
}

/** Every identifier that stands for a value in a tree, with its place. Property names count too where they are not told apart. */
export function namesIn(root: Node): readonly { readonly name: string; readonly start: number }[] {
  const found: { name: string; start: number }[] = [];
  walk(root, (node) => {
    if (node.type === "Identifier") found.push({ name: node.name, start: node.start });
    return true;
  });
  return found;
}

/** The name of a property that is written out: `a`, `"a"`, `1`. */
export function keyOf(key: Node, computed: boolean): string | undefined {
  if (!computed && key.type === "Identifier") return key.name;
  if (key.type === "Literal" && (typeof key.value === "string" || typeof key.value === "number")) return String(key.value);
  return undefined;
}
