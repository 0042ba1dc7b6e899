/**
 * The code of handlers as modules that Node runs as they are: TypeScript lowered, the packages that it imports beside it,
 * and a source map for each of the author's files. The bundler is given sources and answers with texts: no configuration
 * of the author's is read, and nothing of theirs is run.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { OutputChunk, Plugin } from "rolldown";
import { authoringStandIn, standInId } from "../backends/package/authoring-stand-in.ts";
import { type PlacedModule, pathsOf } from "../backends/package/module-paths.ts";
import { isCode } from "../backends/package/module-source.ts";
import { createDiagnosticList, type DiagnosticList, type SourceText, type Span } from "../diagnostics/index.ts";
import { authoringModule } from "../frontends/typescript/module.ts";
import { excessOf } from "../frontends/typescript/pre-scan.ts";
import { createImportTrail, type ImportTrail } from "./import-trail.ts";
import { createResolver } from "./module-resolver.ts";
import { createPackageFinder, liesBelow, pathFrom } from "./package-files.ts";
import { type OwnFile, ownFileOf, readBounded } from "./plain-closure.ts";
import { importsOf } from "./scan-imports.ts";
import { fileAt } from "./source-closure.ts";

export interface ModuleSources {
  /** Real paths of the files that export handlers. */
  readonly entries: readonly string[];
  /** Real path of the package folder. */
  readonly base: string;
  readonly files: ReadonlyMap<string, OwnFile>;
  /** Paths below `payloads/` that other files have. */
  readonly taken: ReadonlySet<string>;
}

export interface BundledModules {
  /** By path below `payloads/`. */
  readonly payloads: ReadonlyMap<string, Uint8Array>;
  /** Paths of the author's modules, by real path. */
  readonly paths: ReadonlyMap<string, string>;
  /** Real paths of the author's files that handlers lead to, those included that leave nothing behind. */
  readonly reached: ReadonlySet<string>;
  /** The author's files by real path, with those that only the bundler came across. */
  readonly files: ReadonlyMap<string, OwnFile>;
  /** Where code names what it needs. */
  readonly trail: ImportTrail;
}

/** Bundles; undefined, with diagnostics, where something is wrong. */
export function bundleModules(sources: ModuleSources, diagnostics: DiagnosticList): Promise<BundledModules | undefined> {
  return withDeepStacks(() => bundle(sources, diagnostics));
}

async function bundle(sources: ModuleSources, diagnostics: DiagnosticList): Promise<BundledModules | undefined> {
  const { entries, base, taken } = sources;
  // Names of package.json lead to files that relative imports do not: they are added when the bundler comes across them.
  const files = new Map(sources.files);
  const trail = createImportTrail(base, files);
  if (entries.length === 0) return { payloads: new Map(), paths: new Map(), reached: new Set(), files, trail };
  const own = createDiagnosticList();
  const packageOf = createPackageFinder();
  const placedAs = (id: string): PlacedModule => {
    if (id.startsWith("\0")) return { kind: "shared", id, name: `${basename(id).replace(/\.[a-z]+$/, "")}.mjs` };
    const path = pathFrom(base, id);
    if (liesBelow(id, base) && !path.split("/").includes("node_modules")) return { kind: "own", id, path };
    const home = packageOf(id) ?? { name: "unnamed", version: "0", folder: dirname(id) };
    return { kind: "package", id, ...home, folder: pathFrom(base, home.folder), path: pathFrom(home.folder, id) };
  };
  const { rolldown, RUNTIME_MODULE_ID } = await import("rolldown");
  let placed: ReadonlyMap<string, string> = new Map();
  const reached = new Set<string>();
  const plugin: Plugin = {
    name: "heddle",
    resolveId: createResolver({ base, files, looked: sources.files, trail, packageOf, diagnostics: own }),
    load(id) {
      if (id === standInId) return { code: authoringStandIn(), moduleSideEffects: false };
      const file = files.get(id) ?? (placedAs(id).kind === "own" ? readOwn(id, base) : undefined);
      if (file === undefined) return null;
      files.set(id, file);
      reached.add(id);
      const { module } = file;
      if (module === undefined) return refuseExcess(own, id, file) ? "" : null;
      for (const { start, end } of module.decorators) refuseDecorator(own, file, start, end);
      // Those have been refused: without them the rest of the file is looked at too.
      return module.decorators.length > 0 ? "" : module.text;
    },
    renderStart() {
      placed = pathsOf([...new Set([...this.getModuleIds(), RUNTIME_MODULE_ID])].map(placedAs), taken);
    },
  };
  try {
    const build = await rolldown({
      input: [...entries].sort(),
      cwd: base,
      platform: "node",
      tsconfig: false,
      logLevel: "silent",
      preserveEntrySignatures: "strict",
      experimental: { attachDebugInfo: "none" },
      resolve: { extensionAlias: { ".js": [".js", ".ts", ".tsx"], ".mjs": [".mjs", ".mts"], ".cjs": [".cjs", ".cts"] } },
      transform: { target: "node22" },
      plugins: [plugin],
    });
    try {
      const { output } = await build.generate({
        format: "es",
        preserveModules: true,
        sourcemap: "hidden",
        minify: false,
        minifyInternalExports: false,
        generatedCode: { profilerNames: false },
        sanitizeFileName: false,
        entryFileNames: ({ facadeModuleId, moduleIds }) => placed.get(facadeModuleId ?? moduleIds[0] ?? "") ?? "[name].mjs",
      });
      diagnostics.add(own.all());
      if (own.errors > 0) return undefined;
      const chunks = output.filter((one) => one.type === "chunk");
      return { payloads: payloadsOf(chunks, files, placed, placedAs), paths: ownPaths(chunks, files), reached, files, trail };
    } finally {
      await build.close();
    }
  } catch (error) {
    diagnostics.add(own.all());
    // What was refused on the way is the cause of whatever the bundler says after it.
    if (own.errors === 0) reportErrors(error, { base, files }, trail, diagnostics);
    return undefined;
  }
}

/** Bytes of stack for each thread of the bundler: twice what the deepest source needs that the look at sources lets through. */
const stackBytes = 16 * 1024 * 1024;

/**
 * The bundler's threads recurse as deep as sources nest, and one that runs out of stack ends the process. How much they
 * have is asked of the environment when the first of them starts, and never again.
 */
async function withDeepStacks<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.env["RUST_MIN_STACK"] !== undefined) return await work();
  process.env["RUST_MIN_STACK"] = String(stackBytes);
  try {
    return await work();
  } finally {
    delete process.env["RUST_MIN_STACK"];
  }
}

function readOwn(id: string, base: string): OwnFile | undefined {
  const shown = pathFrom(base, id);
  const bytes = readBounded(id, shown);
  return typeof bytes === "string" ? undefined : ownFileOf(id, shown, bytes);
}

/** What is too much for a parser does not get to one. */
function refuseExcess(diagnostics: DiagnosticList, id: string, file: OwnFile): boolean {
  const excess = isCode(id) ? excessOf(file.source.text) : undefined;
  if (excess === undefined) return false;
  diagnostics.report("HD3807", {
    span: file.source.span(excess.offset, excess.offset + 1),
    message: excess.message,
    reason: "A parser that runs out of stack ends the process, so what is far beyond any program is not given to it.",
    help: excess.help,
  });
  return true;
}

function ownPaths(chunks: readonly OutputChunk[], files: ReadonlyMap<string, OwnFile>): ReadonlyMap<string, string> {
  return new Map(
    chunks.flatMap(({ facadeModuleId, fileName }) =>
      facadeModuleId !== null && files.has(facadeModuleId) ? [[facadeModuleId, fileName] as const] : [],
    ),
  );
}

function payloadsOf(
  chunks: readonly OutputChunk[],
  files: ReadonlyMap<string, OwnFile>,
  placed: ReadonlyMap<string, string>,
  placedAs: (id: string) => PlacedModule,
): ReadonlyMap<string, Uint8Array> {
  const payloads = new Map<string, Uint8Array>();
  const awaited = new Set(chunks.flatMap(({ dynamicImports }) => dynamicImports));
  for (const chunk of chunks) {
    const { fileName, facadeModuleId: id } = chunk;
    const code = awaited.has(fileName) ? chunk.code : whenFirstRequired(chunk.code);
    const file = id === null ? undefined : files.get(id);
    const map = file === undefined ? undefined : mapOf(chunk, file);
    if (map !== undefined) payloads.set(`${fileName}.map`, Buffer.from(`${JSON.stringify(map)}\n`));
    const link = map === undefined ? "" : `//# sourceMappingURL=${encodeURI(basename(fileName))}.map\n`;
    payloads.set(fileName, Buffer.from(`${code.trimEnd()}\n${link}`));
    if (id === null || placedAs(id).kind !== "package") continue;
    for (const [path, bytes] of assetsOf(id, placed.get(id) ?? fileName)) if (!payloads.has(path)) payloads.set(path, bytes);
  }
  return payloads;
}

/**
 * A CommonJS module without the line that runs it as soon as it is imported: it runs when it is first required, as it does
 * in Node, so that what is required under a condition does nothing before, and modules may require each other in a circle.
 */
function whenFirstRequired(code: string): string {
  return code.replace(/^export default require_[\w$]+\(\);$/m, "");
}

/** Where each place of a module stands in the author's file, whose text comes along. */
function mapOf({ fileName, map }: OutputChunk, { source }: OwnFile): object | undefined {
  if (map === null || map.mappings === "") return undefined;
  const { names, mappings } = map;
  const from = pathFrom(dirname(join("/", fileName)), join("/", source.file));
  return { version: 3, file: basename(fileName), sources: [encodeURI(from)], sourcesContent: [source.text], names, mappings };
}

/** The files that a package reads beside its code, by the paths where its code will look for them. */
function assetsOf(id: string, path: string): readonly (readonly [string, Uint8Array])[] {
  const text = readFileSync(id, "utf8");
  if (!text.includes("import.meta.url")) return [];
  return importsOf(text).flatMap((one) => {
    if (one.kind !== "asset") return [];
    const file = fileAt(fileURLToPath(new URL(one.specifier, pathToFileURL(id))));
    const target = join("/", dirname(path), one.specifier).slice(1).replaceAll("\\", "/");
    return file === undefined || !target.startsWith("node_modules/") ? [] : [[target, readFileSync(file)] as const];
  });
}

function refuseDecorator(diagnostics: DiagnosticList, { source }: OwnFile, start: number, end: number): void {
  diagnostics.report("HD3806", {
    span: source.span(start, end),
    message: "this decorator is not one of Heddle's, and stays in the code of a handler",
    reason: "Node does not run decorators, and no bundler lowers those of the language yet.",
    help: `call what it does as a function, or compile the file to JavaScript first and import that; those of \`${authoringModule}\` need nothing`,
  });
}

interface BundlerError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly id?: unknown;
  readonly loc?: { readonly file?: unknown; readonly line?: unknown; readonly column?: unknown };
}

/** What the bundler itself finds wrong: a text that does not parse, an export that is not there. */
function reportErrors(
  error: unknown,
  { base, files }: Pick<ModuleSources, "base" | "files">,
  trail: ImportTrail,
  diagnostics: DiagnosticList,
): void {
  const { errors } = error as { readonly errors?: readonly BundlerError[] };
  for (const one of errors ?? [error as BundlerError]) {
    const id = typeof one.id === "string" ? one.id : typeof one.loc?.file === "string" ? one.loc.file : undefined;
    const source = id === undefined ? undefined : files.get(id)?.source;
    const span = source === undefined ? (id === undefined ? undefined : trail.spanTo(id)) : spanAt(source, one.loc);
    const shown = id === undefined || id.startsWith("\0") ? "the code" : `\`${pathFrom(base, id)}\``;
    diagnostics.report("HD3807", {
      ...(span === undefined ? {} : { span }),
      message: `${shown} cannot be bundled: ${firstLine(String(one.message ?? error)).replaceAll(`${base}/`, "")}`,
      reason: "The code of handlers is made into modules that Node runs as they are.",
      help:
        source === undefined
          ? "serve the handler from a worker, where packages are installed"
          : one.code === "MISSING_EXPORT"
            ? "export it there; a type is imported with `import { type … }`"
            : "mend it there",
    });
  }
}

/** Lines of the bundler count from 1, columns from 0. */
function spanAt(source: SourceText, loc: BundlerError["loc"]): Span {
  const line = typeof loc?.line === "number" ? loc.line : 1;
  const before = source.text.split("\n").slice(0, line - 1);
  const offset = before.reduce((sum, { length }) => sum + length + 1, 0) + (typeof loc?.column === "number" ? loc.column : 0);
  return source.span(offset, offset);
}

function firstLine(text: string): string {
  const [line = ""] = stripVTControlCharacters(text)
    .split("\n")
    .filter((one) => one.trim() !== "");
  return line
    .replace(/^\[[A-Z_]+\]\s*/, "")
    .trim()
    .slice(0, 300);
}
