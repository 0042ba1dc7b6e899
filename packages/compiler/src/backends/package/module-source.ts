/**
 * One source file as packaging sees it: what it refers to, and the text that goes into a bundle. Pure: nothing is resolved
 * and nothing is run.
 *
 * What only the compiler reads (the body of a workflow, the options of a handler) is blanked, so that neither it nor what
 * it alone imports is carried to the machines that run handlers. Blanks keep every line and column where they were.
 */
import { type Node, type Program, parseSync } from "oxc-parser";
import { createSourceText } from "../../diagnostics/index.ts";
import { keyOf, walk } from "../../frontends/typescript/ast.ts";
import { blankDecorators } from "../../frontends/typescript/blank-decorators.ts";
import { authoringCall, authoringModule, moduleOf } from "../../frontends/typescript/module.ts";
import { excessOf } from "../../frontends/typescript/pre-scan.ts";

/** What a source refers to, and where it says so: UTF-16 offsets of the literal, or of the whole where it has none. */
export interface Reference {
  /** `type`: erased before it runs. `asset`: a file named by `new URL("…", import.meta.url)`. `computed`: known to nobody before it runs. */
  readonly kind: "static" | "dynamic" | "require" | "type" | "asset" | "computed";
  /** Empty for `computed`. */
  readonly specifier: string;
  readonly start: number;
  readonly end: number;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

export interface ModuleSource {
  readonly references: readonly Reference[];
  /** Decorators that are not ours, which Node does not run. */
  readonly decorators: readonly Stretch[];
  /** As long as the source, without what only the compiler reads. */
  readonly text: string;
}

const codeExtension = /\.[cm]?[jt]sx?$/;

/** Whether a file is read as code. */
export function isCode(path: string): boolean {
  return codeExtension.test(path) && !/\.d\.[cm]?ts$/.test(path);
}

/** Reads a source; undefined where it does not parse, or is too much for the parser. */
export function readModule(path: string, source: string): ModuleSource | undefined {
  if (excessOf(source) !== undefined) return undefined;
  const undecorated = blankDecorators(source);
  const bodies = undecorated === source ? [] : workflowBodies(path, source);
  const lang = path.endsWith("x") ? (/\.tsx$/.test(path) ? "tsx" : "jsx") : /\.[cm]?js$/.test(path) ? "js" : "ts";
  const { program, errors } = parseSync(path, undecorated, { lang, sourceType: "module", astType: "ts", preserveParens: false });
  if (errors.some(({ severity }) => severity === "Error")) return undefined;
  const references: Reference[] = [];
  const decorators: Stretch[] = [];
  walk(program, (node) => {
    const reference = referenceAt(node);
    if (reference !== undefined) references.push(reference);
    if (node.type === "Decorator") decorators.push({ start: node.start, end: node.end });
    return true;
  });
  return { references, decorators, text: withoutDeclarations(path, undecorated, program, bodies) };
}

function referenceAt(node: Node): Reference | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return literal(node.importKind === "type" ? "type" : "static", node.source);
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
      return node.source === null ? undefined : literal(node.exportKind === "type" ? "type" : "static", node.source);
    case "ImportExpression":
      return literal("dynamic", node.source) ?? { kind: "computed", specifier: "", start: node.start, end: node.end };
    case "CallExpression": {
      const [target] = node.arguments;
      const required = node.callee.type === "Identifier" && node.callee.name === "require" && node.arguments.length === 1;
      return required && target !== undefined ? literal("require", target) : undefined;
    }
    case "NewExpression": {
      const [target, base] = node.arguments;
      const asset = node.callee.type === "Identifier" && node.callee.name === "URL" && base !== undefined && isOwnUrl(base);
      const found = asset && target !== undefined ? literal("asset", target) : undefined;
      return found !== undefined && /^\.{1,2}\//.test(found.specifier) ? found : undefined;
    }
    default:
      return undefined;
  }
}

function literal(kind: Reference["kind"], node: Node): Reference | undefined {
  const { start, end } = node;
  if (node.type === "Literal" && typeof node.value === "string") return { kind, specifier: node.value, start, end };
  const whole = node.type === "TemplateLiteral" && node.expressions.length === 0 ? node.quasis[0]?.value.cooked : undefined;
  return typeof whole === "string" ? { kind, specifier: whole, start, end } : undefined;
}

/** `import.meta.url` */
function isOwnUrl(node: Node): boolean {
  return node.type === "MemberExpression" && node.object.type === "MetaProperty" && keyOf(node.property, node.computed) === "url";
}

/** What stands between the braces of classes that are workflows: they are read, and no handler makes one. */
function workflowBodies(path: string, source: string): readonly Stretch[] {
  const { program } = parseSync(path, source, { lang: "ts", sourceType: "module", astType: "ts", preserveParens: false });
  const { imports } = moduleOf(createSourceText(path, source), program);
  const bodies: Stretch[] = [];
  walk(program, (node) => {
    if (node.type !== "ClassDeclaration" && node.type !== "ClassExpression") return true;
    const declares = node.decorators.some(({ start, end }) => {
      const imported = imports.get(/^@\s*([\w$]+)/.exec(source.slice(start, end))?.[1] ?? "");
      return imported?.specifier === authoringModule && imported.name === "workflow";
    });
    if (declares) bodies.push({ start: node.body.start + 1, end: node.body.end - 1 });
    return true;
  });
  return bodies;
}

/** The source without the arguments that are read and never run. */
function withoutDeclarations(path: string, source: string, program: Program, bodies: readonly Stretch[]): string {
  const module = moduleOf(createSourceText(path, source), program);
  let text = source;
  const blank = (start: number, end: number): void => {
    text = `${text.slice(0, start)}${text.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, " ")}${text.slice(end)}`;
  };
  for (const { start, end } of bodies) blank(start, end);
  for (const value of module.values.values()) {
    const declares = authoringCall(module, value);
    if (declares === undefined || value.type !== "CallExpression") continue;
    const [first] = value.arguments;
    if (first === undefined) continue;
    // To the bracket that closes: a comma may stand behind the last argument.
    if (declares === "workflow" || declares === "model") blank(first.start, value.end - 1);
    else if ((declares === "handler" || declares === "agent") && first.type === "ObjectExpression") blank(first.start + 1, first.end - 1);
  }
  return text;
}
