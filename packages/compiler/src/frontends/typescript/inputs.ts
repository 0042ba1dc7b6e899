/** Inputs that a workflow reads by name: `workflow.input("topic", { default: "…" })`, a constant of a module or in place. */
import type { JsonValue, WorkflowInput } from "@heddle/core";
import type { CallExpression, Expression, Node } from "oxc-parser";
import { variableRef } from "../../authoring/expressions.ts";
import { walk } from "./ast.ts";
import { anyType, type Reader, report, type StaticType, type Typed, typeOfValue } from "./context.ts";
import type { Draft, Frame } from "./draft.ts";
import { authoringCall, resolveName, type SourceModule } from "./module.ts";
import { objectOf, readOptions } from "./read-options.ts";
import { readType } from "./read-types.ts";
import { staticValue } from "./static-values.ts";

interface Declared {
  readonly input: WorkflowInput;
  readonly type: StaticType;
}

/** The inputs that the body of one workflow reads by name. */
export class NamedInputs {
  readonly #reader: Reader;
  readonly #byName = new Map<string, Declared>();
  readonly #byCall = new Map<CallExpression, string>();
  readonly #used = new Set<string>();

  /** Finds them in a body, so that their names are nobody else's. `taken`: inputs that the body is given as its parameter. */
  constructor(reader: Reader, module: SourceModule, body: Node, draft: Draft, frame: Frame, taken: ReadonlySet<string>) {
    this.#reader = reader;
    const seen = new Set<CallExpression>();
    walk(body, (node) => {
      const found = node.type === "Identifier" || node.type === "CallExpression" ? this.#callOf(module, node) : undefined;
      if (found === undefined || seen.has(found.call)) return true;
      seen.add(found.call);
      const declared = readInput(reader, found.module, found.call);
      if (declared === undefined) return true;
      const { name } = declared.input;
      const before = this.#byName.get(name);
      if (taken.has(name) || (before !== undefined && JSON.stringify(before.input) !== JSON.stringify(declared.input))) {
        report(reader, found.module, "HD3104", found.call, {
          message: `two inputs are named \`${name}\``,
          reason: taken.has(name)
            ? "The parameter of the workflow has a field of that name."
            : "Whoever starts a run gives its inputs by name, so that one name is one input.",
          help: "give one of them another name, or make one constant of both",
        });
        return true;
      }
      if (before === undefined) draft.declare(name, frame);
      if (!declared.type.nullable) draft.held.set(name, declared.type.type);
      this.#byName.set(name, declared);
      this.#byCall.set(found.call, name);
      return true;
    });
  }

  /** The value of an input, where an expression stands for one. */
  valueOf(module: SourceModule, node: Expression): Typed | undefined {
    const found = this.#callOf(module, node);
    if (found === undefined) return undefined;
    const name = this.#byCall.get(found.call);
    const declared = name === undefined ? undefined : this.#byName.get(name);
    if (name === undefined || declared === undefined) return { expr: { kind: "literal", value: null }, ...anyType };
    this.#used.add(name);
    return { expr: variableRef(name), ...declared.type };
  }

  /** Those that something reads. */
  all(): readonly WorkflowInput[] {
    return [...this.#byName.values()].map(({ input }) => input).filter(({ name }) => this.#used.has(name));
  }

  #callOf(module: SourceModule, node: Node): { readonly module: SourceModule; readonly call: CallExpression } | undefined {
    const found =
      node.type === "Identifier" ? resolveName(this.#reader.modules, module, node.name, ({ values }) => values) : { module, node };
    if (found?.node.type !== "CallExpression" || authoringCall(found.module, found.node) !== "workflow.input") return undefined;
    return { module: found.module, call: found.node };
  }
}

const options: readonly string[] = ["default", "description"];

function readInput(reader: Reader, module: SourceModule, call: CallExpression): Declared | undefined {
  const [given, second] = call.arguments;
  const name = given === undefined || given.type === "SpreadElement" ? undefined : staticValue(reader.modules, module, given);
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name)) {
    report(reader, module, "HD3103", given ?? call, {
      message: "this input has no name",
      reason: "Whoever starts a run gives its inputs by name.",
      help: 'write `workflow.input("topic", { default: "…" })`, with a name of letters, digits and `_`',
    });
    return undefined;
  }
  const object = second === undefined ? undefined : objectOf(second);
  if (second !== undefined && object === undefined) {
    report(reader, module, "HD3101", second, {
      message: `the options of input \`${name}\` are not written out`,
      reason: "Workflows are read, never run, so options are an object literal.",
      help: 'write `{ default: "…" }`',
    });
    return undefined;
  }
  const values = object === undefined ? {} : readOptions(reader, module, object, `input \`${name}\``, options, new Set());
  if (values === undefined) return undefined;
  const { default: standIn, description } = values;
  const type = typeOf(reader, module, call, standIn);
  return {
    type: standIn === undefined || standIn === null ? type : { ...type, nullable: type.type.kind === "json" },
    input: {
      name,
      type: type.type,
      ...(type.nullable && standIn === undefined ? { optional: true } : {}),
      ...(standIn === undefined ? {} : { default: standIn }),
      ...(typeof description === "string" ? { description } : {}),
    },
  };
}

function typeOf(reader: Reader, module: SourceModule, call: CallExpression, standIn: JsonValue | undefined): StaticType {
  const [written] = call.typeArguments?.params ?? [];
  if (written !== undefined) return readType(reader, module, written);
  return standIn === undefined ? anyType : typeOfValue(standIn);
}
