/** Types that are written as values, `t.object({ … })` or `z.object({ … })`, in the options of declarations. */
import type { FieldType, ValueType } from "@heddle/core";
import type { Expression } from "oxc-parser";
import { keyOf, unwrap } from "./ast.ts";
import type { Reader, StaticType } from "./context.ts";
import { authoringModule, type Modules, resolveName, type SourceModule } from "./module.ts";
import { staticValue } from "./static-values.ts";
import { zodType } from "./zod-types.ts";

const scalars: ReadonlySet<string> = new Set(["string", "number", "boolean", "path", "json"]);

/** The type that a tree of `t` or zod describes; undefined where it is neither, or not written out. What is wrong with zod's is told. */
export function declaredType(reader: Reader, module: SourceModule, node: Expression): StaticType | undefined {
  return typeOf(reader.modules, module, node, 0) ?? zodType(reader, module, node);
}

function typeOf(modules: Modules, module: SourceModule, node: Expression, depth: number): StaticType | undefined {
  const inner = unwrap(node);
  if (depth > 40) return undefined;
  if (inner.type === "Identifier") {
    const found = resolveName(modules, module, inner.name, ({ values }) => values);
    return found === undefined ? undefined : typeOf(modules, found.module, found.node, depth + 1);
  }
  const member = memberOfT(module, inner.type === "CallExpression" ? inner.callee : inner);
  if (member === undefined) return undefined;
  if (inner.type !== "CallExpression") {
    return scalars.has(member) ? { type: { kind: member } as ValueType, nullable: member === "json" } : undefined;
  }
  const [first] = inner.arguments;
  if (first === undefined || first.type === "SpreadElement") return undefined;
  const of = (one: Expression): StaticType | undefined => typeOf(modules, module, one, depth + 1);
  switch (member) {
    case "array": {
      const items = of(first);
      return items === undefined ? undefined : { type: { kind: "array", items: items.type }, nullable: false };
    }
    case "optional": {
      const type = of(first);
      return type === undefined ? undefined : { type: type.type, nullable: true };
    }
    case "describe":
      return of(first);
    case "enum": {
      const values = inner.arguments.map((one) => (one.type === "SpreadElement" ? undefined : staticValue(modules, module, one)));
      const known = values.filter((value) => value === null || (value !== undefined && typeof value !== "object"));
      return known.length === values.length ? { type: { kind: "enum", values: known }, nullable: false } : undefined;
    }
    case "object":
      return objectOf(first, of);
    default:
      return undefined;
  }
}

function objectOf(node: Expression, of: (one: Expression) => StaticType | undefined): StaticType | undefined {
  const inner = unwrap(node);
  if (inner.type !== "ObjectExpression") return undefined;
  const fields: FieldType[] = [];
  for (const property of inner.properties) {
    const name = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
    const type = property.type === "Property" ? of(property.value) : undefined;
    if (name === undefined || type === undefined) return undefined;
    fields.push({ name, type: type.type, ...(type.nullable && type.type.kind !== "json" ? { optional: true } : {}) });
  }
  return { type: { kind: "object", fields }, nullable: false };
}

function memberOfT(module: SourceModule, node: Expression): string | undefined {
  if (node.type !== "MemberExpression" || node.computed || node.object.type !== "Identifier") return undefined;
  const imported = module.imports.get(node.object.name);
  return imported?.specifier === authoringModule && imported.name === "t" && node.property.type === "Identifier"
    ? node.property.name
    : undefined;
}
