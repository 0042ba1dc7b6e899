/** Options of declarations: literals, known without running anything, under names that exist. */
import type { JsonObject, JsonValue } from "@heddle/core";
import type { CallExpression, Expression, ObjectExpression } from "oxc-parser";
import { agentNames } from "../../authoring/options.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { keyOf, unwrap } from "./ast.ts";
import { type Reader, report } from "./context.ts";
import type { SourceModule } from "./module.ts";
import { staticValue } from "./static-values.ts";

export function objectOf(node: CallExpression["arguments"][number]): ObjectExpression | undefined {
  if (node.type === "SpreadElement") return undefined;
  const inner = unwrap(node);
  return inner.type === "ObjectExpression" ? inner : undefined;
}

export function memberOf(object: ObjectExpression, name: string): Expression | undefined {
  for (const property of object.properties) {
    if (property.type === "Property" && keyOf(property.key, property.computed) === name) return property.value;
  }
  return undefined;
}

/** The options that are known without running anything; those in `unread` are read elsewhere. */
export function readOptions(
  reader: Reader,
  module: SourceModule,
  options: ObjectExpression,
  what: string,
  known: readonly string[],
  unread: ReadonlySet<string>,
): Record<string, JsonValue> | undefined {
  const values = new Map<string, JsonValue>();
  let sound = true;
  for (const property of options.properties) {
    const name = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
    if (name === undefined || property.type !== "Property") {
      refuseStatic(reader, module, property, `an option of ${what}`);
      sound = false;
    } else if (!known.includes(name)) {
      const meant = closest(name, known);
      report(reader, module, "HD3102", property, {
        message: `${what} has the option \`${name}\`, which does not exist`,
        reason: `There are ${known.join(", ")}.`,
        help: meant === undefined ? "take it out" : `write \`${meant}\``,
      });
      sound = false;
    } else if (!unread.has(name)) {
      const value = staticValue(reader.modules, module, property.value);
      if (value === undefined) {
        refuseStatic(reader, module, property.value, `\`${name}\` of ${what}`);
        sound = false;
      } else values.set(name, value);
    }
  }
  return sound ? Object.fromEntries(values) : undefined;
}

export function refuseStatic(reader: Reader, module: SourceModule, node: Parameters<typeof report>[3], what: string): void {
  report(reader, module, "HD3101", node, {
    message: `${what} is not known without running the file`,
    reason: "Workflows are read, never run, so options are literals and constants of them.",
    help: "write the value out, or name a `const` of it",
  });
}

export function refuseShape(
  reader: Reader,
  module: SourceModule,
  options: ObjectExpression,
  what: string,
  misfit: { readonly path: readonly PropertyKey[]; readonly message: string },
): undefined {
  const [field, ...inside] = misfit.path.map(String);
  // The field of the IR may be an option by another name.
  const names = [field ?? "", ...Object.keys(agentNames).filter((name) => agentNames[name] === field)];
  const option = names.find((name) => memberOf(options, name) !== undefined);
  report(reader, module, "HD3107", (option === undefined ? undefined : memberOf(options, option)) ?? options, {
    message: `\`${[option ?? field, ...inside].join(".")}\` of ${what} has another shape: ${misfit.message}`,
    reason: "Options go into the workflow as they are, and are held to its schema.",
    help: "give it the shape that its type in `@heddle/compiler/authoring` has",
  });
  return undefined;
}

export function refuseOptions(reader: Reader, module: SourceModule, call: CallExpression, what: string): undefined {
  report(reader, module, "HD3101", call.arguments[0] ?? call, {
    message: `the options of this ${what} are not written out`,
    reason: "Workflows are read, never run, so options are an object literal.",
    help: `write \`${what}({ name: "…" }, …)\``,
  });
  return undefined;
}

export function nameOf(
  reader: Reader,
  module: SourceModule,
  at: ObjectExpression,
  what: string,
  name: JsonValue | undefined,
): string | undefined {
  if (typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(name)) return name;
  report(reader, module, "HD3103", memberOf(at, "name") ?? at, {
    message: name === undefined ? `this ${what} has no name` : `the name of this ${what} is ${JSON.stringify(name)}`,
    reason: "Names go into journals, commands and addresses.",
    help: "give it a name of a letter or `_`, then up to 99 of A-Z a-z 0-9 _ . -",
  });
  return undefined;
}

/** The option that was probably meant: the same by another's word or in another's spelling, or one mistyped. */
function closest(name: string, known: readonly string[]): string | undefined {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const others = [agentNames[camel], ...Object.keys(agentNames).filter((one) => agentNames[one] === camel), camel];
  return others.find((one) => one !== undefined && known.includes(one)) ?? suggest(name, known);
}

export function pick(values: Readonly<Record<string, JsonValue>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}
