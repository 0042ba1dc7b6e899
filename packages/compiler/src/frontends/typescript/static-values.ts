/** Values that are known from the source alone: options of declarations, constants of a module. */
import type { JsonValue } from "@heddle/core";
import type { Expression } from "oxc-parser";
import { keyOf, unwrap } from "./ast.ts";
import { type Modules, resolveName, type SourceModule } from "./module.ts";

const depthMax = 32;

/** The value of an expression that needs nothing to run; undefined where it does. */
export function staticValue(modules: Modules, module: SourceModule, node: Expression, depth = 0): JsonValue | undefined {
  if (depth > depthMax) return undefined;
  const inner = unwrap(node);
  const go = (one: Expression): JsonValue | undefined => staticValue(modules, module, one, depth + 1);
  switch (inner.type) {
    case "Literal":
      return inner.value === null || ["string", "number", "boolean"].includes(typeof inner.value) ? (inner.value as JsonValue) : undefined;
    case "TemplateLiteral":
      return inner.expressions.length === 0 ? (inner.quasis[0]?.value.cooked ?? undefined) : undefined;
    case "UnaryExpression": {
      const value = inner.operator === "-" ? go(inner.argument) : undefined;
      return typeof value === "number" ? -value : undefined;
    }
    case "BinaryExpression": {
      if (inner.left.type === "PrivateIdentifier" || inner.operator !== "*") return undefined;
      const [left, right] = [go(inner.left), go(inner.right)];
      return typeof left === "number" && typeof right === "number" ? left * right : undefined;
    }
    case "ArrayExpression": {
      const items: JsonValue[] = [];
      for (const item of inner.elements) {
        const value = item === null || item.type === "SpreadElement" ? undefined : go(item);
        if (value === undefined) return undefined;
        items.push(value);
      }
      return items;
    }
    case "ObjectExpression": {
      const members: [string, JsonValue][] = [];
      for (const property of inner.properties) {
        const name = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
        const value = property.type === "Property" && !property.method ? go(property.value) : undefined;
        if (name === undefined || value === undefined) return undefined;
        members.push([name, value]);
      }
      return Object.fromEntries(members);
    }
    case "Identifier": {
      const found = resolveName(modules, module, inner.name, ({ values }) => values);
      return found === undefined ? undefined : staticValue(modules, found.module, found.node, depth + 1);
    }
    default:
      return undefined;
  }
}
