/** Unions of objects, however they were written. */
import type { FieldType, ValueType } from "@heddle/core";

/** Of a union of objects: the fields that all have, with the enums of them put together. */
export function taggedUnion(types: readonly Extract<ValueType, { kind: "object" }>[]): ValueType {
  const [first, ...others] = types;
  const fields: FieldType[] = [];
  for (const field of first?.fields ?? []) {
    const same = [field, ...others.flatMap((other) => other.fields.filter(({ name }) => name === field.name))];
    if (same.length < types.length) continue;
    const enums = same.flatMap(({ type }) => (type.kind === "enum" ? [type.values] : []));
    const equal = same.every(({ type }) => JSON.stringify(type) === JSON.stringify(field.type));
    const type: ValueType = equal ? field.type : enums.length === same.length ? { kind: "enum", values: enums.flat() } : { kind: "json" };
    const optional = same.some((one) => one.optional === true);
    fields.push({ name: field.name, type, ...(optional || type.kind === "json" ? { optional: true } : {}) });
  }
  return { kind: "object", fields };
}
