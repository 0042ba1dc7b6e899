/** Reads types: a base, a list of one, optional; in `.heddle` also listed texts and named fields. */
import type { Scanner } from "./scanner.ts";
import type { TypeShape, TypeSyntax, Word } from "./syntax.ts";

/** Deepest nesting of object types. */
const typeDepthMax = 32;

export function parseType(scanner: Scanner, depth = 0): TypeSyntax | undefined {
  const shaped = scanner.dialect === "heddle" && depth < typeDepthMax ? parseShape(scanner, depth) : undefined;
  const base = shaped?.base ?? scanner.expectName("a type");
  if (base === undefined) return undefined;
  let end = base.end;
  const list = scanner.take("[]");
  if (list) end = scanner.at;
  const optional = scanner.take("?");
  if (optional) end = scanner.at;
  scanner.at = end;
  return { base, list, optional, start: base.start, end, ...(shaped === undefined ? {} : { shape: shaped.shape }) };
}

/** `"a" | "b"`, or `{ name: type ... }`. */
function parseShape(scanner: Scanner, depth: number): { readonly base: Word; readonly shape: TypeShape } | undefined {
  scanner.skip();
  const start = scanner.at;
  if (scanner.take("{")) {
    const fields: { name: Word; type: TypeSyntax }[] = [];
    while (!scanner.take("}")) {
      const name = scanner.expectName("the name of a field or `}`");
      const type = name !== undefined && scanner.expect(":", "after the name of the field") ? parseType(scanner, depth + 1) : undefined;
      if (name === undefined || type === undefined) return undefined;
      fields.push({ name, type });
    }
    return { base: { text: "json", start, end: scanner.at }, shape: { kind: "object", fields } };
  }
  const values: string[] = [];
  let text = scanner.takeText(false);
  while (text !== undefined) {
    values.push(text.raw.replaceAll('\\"', '"'));
    text = scanner.take("|") ? scanner.takeText(false) : undefined;
  }
  if (values.length === 0) return undefined;
  return { base: { text: "string", start, end: scanner.at }, shape: { kind: "enum", values: [...new Set(values)] } };
}
