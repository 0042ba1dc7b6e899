/**
 * Decorators are for the compiler alone, and Node does not read them: what a bundle carries goes without. Blanks take
 * their place, so that every line and column of the source stays what it was.
 */

import type { Class, Decorator, Node } from "oxc-parser";
import { parseSync } from "oxc-parser";
import { createSourceText } from "../../diagnostics/index.ts";
import { walk } from "./ast.ts";
import { authoringModule, moduleOf } from "./module.ts";
import { excessOf } from "./pre-scan.ts";

/**
 * The source without the decorators that come from `@heddle/compiler/authoring`: as long as before, with its lines where
 * they were. Other decorators stay, and so does a source that does not parse. Pure.
 */
export function blankDecorators(source: string): string {
  if (!source.includes("@") || !source.includes(authoringModule) || excessOf(source) !== undefined) return source;
  const { program, errors } = parseSync("source.ts", source, { lang: "ts", sourceType: "module", astType: "ts", preserveParens: false });
  if (errors.some(({ severity }) => severity === "Error")) return source;
  const { imports } = moduleOf(createSourceText("source.ts", source), program);
  const blanks: { readonly start: number; readonly end: number; readonly first: string }[] = [];
  const take = (decorators: readonly Decorator[], first: string): void => {
    for (const { start, end, expression } of decorators) {
      const name = rootOf(expression);
      if (name !== undefined && imports.get(name)?.specifier === authoringModule) blanks.push({ start, end, first });
    }
  };
  walk(program, (node) => {
    if (node.type !== "ClassDeclaration" && node.type !== "ClassExpression") return true;
    take(node.decorators, " ");
    takeMembers(node, take);
    return true;
  });
  let text = source;
  for (const { start, end, first } of blanks) {
    text = `${text.slice(0, start)}${first}${source.slice(start + 1, end).replace(/[^\n\r\u2028\u2029]/g, " ")}${text.slice(end)}`;
  }
  return text;
}

function takeMembers(node: Class, take: (decorators: readonly Decorator[], first: string) => void): void {
  let before: Node | undefined;
  for (const member of node.body.body) {
    // A field without a semicolon would go on into what a decorator kept apart from it.
    if ("decorators" in member) take(member.decorators, before?.type === "PropertyDefinition" ? ";" : " ");
    before = member;
    if (member.type !== "MethodDefinition") continue;
    for (const parameter of member.value.params) if ("decorators" in parameter) take(parameter.decorators ?? [], " ");
  }
}

/** The name that a decorator begins with: `workflow` of `@workflow.defn({ … })`. */
function rootOf(expression: Node): string | undefined {
  let at = expression;
  while (at.type === "CallExpression" || at.type === "MemberExpression") at = at.type === "CallExpression" ? at.callee : at.object;
  return at.type === "Identifier" ? at.name : undefined;
}
