/** What a workflow is given: inputs of its run, and names of its body. */
import type { FieldType, WorkflowInput } from "@heddle/core";
import { variableRef } from "../../authoring/expressions.ts";
import { keyOf } from "./ast.ts";
import type { DeclaredWorkflow } from "./declarations.ts";
import { type Lowering, type Place, refuse } from "./lowering.ts";
import type { FunctionLike } from "./module.ts";
import { readType } from "./read-types.ts";
import type { Binding } from "./scope.ts";

/** The input of the function as inputs of the workflow: one for each field. */
export function bindInput(ctx: Lowering, workflow: DeclaredWorkflow, at: Place): readonly WorkflowInput[] {
  const [parameter] = workflow.fn.params;
  if (parameter === undefined) return [];
  const declared = fieldsOf(ctx, workflow, parameter);
  const fields = new Map<string, Binding>();
  for (const field of declared) {
    const variable = ctx.draft.declare(field.name, at.block.frame);
    const nullable = field.optional === true || field.type.kind === "json";
    if (!nullable) ctx.draft.held.set(variable, field.type);
    fields.set(field.name, { expr: variableRef(variable), type: field.type, nullable, kind: "const", frame: at.block.frame });
  }
  const whole = { kind: "object" as const, fields: declared };
  if (parameter.type === "Identifier") {
    at.scope.set(parameter.name, {
      expr: { kind: "literal", value: null },
      type: whole,
      nullable: false,
      kind: "const",
      frame: at.block.frame,
      fields,
    });
  } else if (parameter.type === "ObjectPattern") {
    const object = { kind: "object" as const, fields: [...fields].map(([field, { expr }]) => ({ name: field, value: expr })) };
    for (const property of parameter.properties) {
      const key = property.type === "Property" ? keyOf(property.key, property.computed) : undefined;
      const binding = key === undefined ? undefined : fields.get(key);
      if (property.type === "Property" && binding !== undefined) ctx.bindPattern(property.value, binding, at, "const");
      else ctx.bindPattern(property, { expr: object, type: whole, nullable: false }, at, "const");
    }
  } else ctx.bindPattern(parameter, { expr: { kind: "literal", value: null }, type: whole, nullable: false }, at, "const");
  return inputsOf(declared);
}

/** The message of a service, the variable that it is, and the node that it comes to. */
export function bindMessage(
  ctx: Lowering,
  workflow: DeclaredWorkflow,
  at: Place,
): { readonly inputs: readonly WorkflowInput[]; readonly variable: string; readonly node: string } {
  const [parameter] = workflow.fn.params;
  const name = parameter?.type === "Identifier" ? parameter.name : "message";
  const variable = ctx.draft.declare(name, at.block.frame);
  const node = ctx.draft.claimId(name);
  if (parameter === undefined) return { inputs: [], variable, node };
  const fields = fieldsOf(ctx, workflow, parameter);
  const whole = { expr: variableRef(variable), type: { kind: "object" as const, fields: [...fields] }, nullable: false };
  if (parameter.type === "Identifier") at.scope.set(parameter.name, { ...whole, kind: "const", frame: at.block.frame });
  else ctx.bindPattern(parameter, whole, at, "const");
  return { inputs: inputsOf(fields), variable, node };
}

function inputsOf(fields: readonly FieldType[]): readonly WorkflowInput[] {
  return fields.map((field) => ({ ...field, ...(field.type.kind === "json" ? { optional: true } : {}) }));
}

/** The fields that the parameter has by its type. */
function fieldsOf(ctx: Lowering, { module, name }: DeclaredWorkflow, parameter: FunctionLike["params"][number]): readonly FieldType[] {
  const annotation = parameter.type === "TSParameterProperty" || parameter.type === "RestElement" ? undefined : parameter.typeAnnotation;
  const type = annotation === null || annotation === undefined ? undefined : readType(ctx, module, annotation.typeAnnotation).type;
  const sound = type?.kind === "object" && type.fields.every((field) => /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(field.name));
  if (type?.kind !== "object" || !sound) {
    refuse(ctx, "HD3106", parameter, {
      message: `the input of workflow \`${name}\` has no fields with names`,
      reason: "Whoever starts a run gives its inputs by name, so the type of the parameter is an object whose fields are identifiers.",
      help: "annotate it: `async (input: { path: string; limit?: number }) => { … }`",
    });
  }
  return type?.kind === "object" && sound ? type.fields : [];
}
