/** One source as a module: what it imports, what it declares at its top, and under which names it exports that. */
import type {
  ArrowFunctionExpression,
  CallExpression,
  Class,
  Expression,
  Function as FunctionNode,
  Node,
  Program,
  TSInterfaceDeclaration,
  TSTypeAliasDeclaration,
} from "oxc-parser";
import type { SourceText } from "../../diagnostics/index.ts";
import { unwrap } from "./ast.ts";

/** The module that authors import declarations from. */
export const authoringModule = "@heddle/compiler/authoring";

export type FunctionLike = ArrowFunctionExpression | FunctionNode;
export type TypeDeclaration = TSInterfaceDeclaration | TSTypeAliasDeclaration;

export interface ImportedName {
  readonly specifier: string;
  /** The name on the other side; `*` for the whole module. */
  readonly name: string;
  readonly node: Node;
}

export interface SourceModule {
  readonly source: SourceText;
  /** By local name. */
  readonly imports: ReadonlyMap<string, ImportedName>;
  /** `const` values by local name. */
  readonly values: ReadonlyMap<string, Expression>;
  readonly types: ReadonlyMap<string, TypeDeclaration>;
  readonly classes: ReadonlyMap<string, Class>;
  /** Exported name to local name; `default` of what has no name to `*default*`, which is in `values` or `classes`. */
  readonly exports: ReadonlyMap<string, string>;
}

/** Stands for `export default <expression>` among the values. */
export const defaultName = "*default*";

export function moduleOf(source: SourceText, program: Program): SourceModule {
  const imports = new Map<string, ImportedName>();
  const values = new Map<string, Expression>();
  const types = new Map<string, TypeDeclaration>();
  const classes = new Map<string, Class>();
  const exports = new Map<string, string>();
  const declare = (node: Node, exported: boolean): void => {
    if (node.type === "VariableDeclaration" && node.kind === "const") {
      for (const { id, init } of node.declarations) {
        if (id.type !== "Identifier" || init === null) continue;
        values.set(id.name, unwrap(init));
        if (exported) exports.set(id.name, id.name);
      }
    } else if (node.type === "TSInterfaceDeclaration" || node.type === "TSTypeAliasDeclaration") {
      types.set(node.id.name, node);
      if (exported) exports.set(node.id.name, node.id.name);
    } else if (node.type === "ClassDeclaration" && node.id !== null) {
      classes.set(node.id.name, node);
      if (exported) exports.set(node.id.name, node.id.name);
    }
  };
  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      const specifier = node.source.value;
      for (const one of node.specifiers) {
        const name = one.type === "ImportSpecifier" ? nameOf(one.imported) : one.type === "ImportDefaultSpecifier" ? "default" : "*";
        imports.set(one.local.name, { specifier, name, node: one });
      }
    } else if (node.type === "ExportNamedDeclaration") {
      if (node.declaration !== null) declare(node.declaration, true);
      else if (node.source === null) for (const one of node.specifiers) exports.set(nameOf(one.exported), nameOf(one.local));
    } else if (node.type === "ExportDefaultDeclaration") {
      const { declaration } = node;
      if (declaration.type === "Identifier") exports.set("default", declaration.name);
      else if (declaration.type === "ClassDeclaration") {
        const name = declaration.id?.name ?? defaultName;
        classes.set(name, declaration);
        exports.set("default", name);
      } else if (isExpression(declaration)) {
        values.set(defaultName, unwrap(declaration));
        exports.set("default", defaultName);
      }
    } else declare(node, false);
  }
  return { source, imports, values, types, classes, exports };
}

function isExpression(node: Node): node is CallExpression {
  return node.type === "CallExpression";
}

function nameOf(
  node: { readonly type: "Identifier"; readonly name: string } | { readonly type: "Literal"; readonly value: string },
): string {
  return node.type === "Identifier" ? node.name : node.value;
}

/** The declaration of the authoring module that a call calls: `workflow`, `handler`, `workflow.input`, …; undefined for other calls. */
export function authoringCall(module: SourceModule, node: Node): string | undefined {
  return node.type === "CallExpression" ? authoringName(module, node.callee) : undefined;
}

/** What an expression names of the authoring module, a member of it included. */
export function authoringName(module: SourceModule, node: Node): string | undefined {
  const member = node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier" ? node.property.name : undefined;
  const root = node.type === "MemberExpression" && member !== undefined ? node.object : node;
  const imported = root.type === "Identifier" ? module.imports.get(root.name) : undefined;
  if (imported?.specifier !== authoringModule) return undefined;
  return member === undefined ? imported.name : `${imported.name}.${member}`;
}

/** The sources of one compilation. */
export interface Modules {
  get(file: string): SourceModule | undefined;
}

export interface Found<Declaration> {
  readonly module: SourceModule;
  readonly node: Declaration;
  /** The name under which its module knows it. */
  readonly local: string;
}

const hopsMax = 16;

/** What a name of a module stands for, through imports of other sources; undefined where it leads out of them. */
export function resolveName<Declaration>(
  modules: Modules,
  module: SourceModule,
  name: string,
  of: (module: SourceModule) => ReadonlyMap<string, Declaration>,
): Found<Declaration> | undefined {
  let at = module;
  let local = name;
  for (let hops = 0; hops < hopsMax; hops++) {
    const node = of(at).get(local);
    if (node !== undefined) return { module: at, node, local };
    const imported = at.imports.get(local);
    if (imported === undefined || !/^\.{1,2}\//.test(imported.specifier)) return undefined;
    const next = modules.get(pathFrom(at.source.file, imported.specifier));
    const exported = next?.exports.get(imported.name);
    if (next === undefined || exported === undefined) return undefined;
    at = next;
    local = exported;
  }
  return undefined;
}

/** The path of a relative import, by the rules of URLs: sources are named with `/`. */
export function pathFrom(file: string, specifier: string): string {
  const steps = file.split("/").slice(0, -1);
  for (const step of specifier.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== ".") steps.push(step);
  }
  return steps.join("/");
}
