/**
 * What each import of a handler's code stands for: our stand-in, what `node:` offers, or a file that the bundler finds. What
 * a bundle cannot carry is a diagnostic, and is left out so that everything wrong is found in one go.
 */
import { isBuiltin } from "node:module";
import { extname } from "node:path";
import type { PluginContext, ResolveIdExtraOptions, ResolveIdResult } from "rolldown";
import { standInId } from "../backends/package/authoring-stand-in.ts";
import { isCode } from "../backends/package/module-source.ts";
import type { DiagnosticList } from "../diagnostics/index.ts";
import { authoringModule } from "../frontends/typescript/module.ts";
import type { ImportTrail } from "./import-trail.ts";
import { liesBelow, type PackageHome, pathFrom } from "./package-files.ts";
import type { OwnFile } from "./plain-closure.ts";

export interface ResolverOptions {
  readonly base: string;
  readonly files: ReadonlyMap<string, OwnFile>;
  /** Those of them whose relative imports have been looked at where they stand. */
  readonly looked: ReadonlyMap<string, OwnFile>;
  readonly trail: ImportTrail;
  readonly packageOf: (file: string) => PackageHome | undefined;
  readonly diagnostics: DiagnosticList;
}

type Resolve = (
  this: PluginContext,
  source: string,
  importer: string | undefined,
  extra: Pick<ResolveIdExtraOptions, "kind">,
) => Promise<ResolveIdResult>;

/** Packages that find a native addon by looking around on the disk. */
const addonLoaders: ReadonlySet<string> = new Set([
  "bindings",
  "node-gyp-build",
  "node-gyp-build-optional-packages",
  "@mapbox/node-pre-gyp",
  "node-pre-gyp",
  "prebuildify",
  "pkg-prebuilds",
]);

export function createResolver({ base, files, looked, trail, packageOf, diagnostics }: ResolverOptions): Resolve {
  const told = new Set<string>();
  const report: DiagnosticList["report"] = (id, draft) => {
    const key = `${id} ${draft.span?.file} ${draft.span?.start.offset} ${draft.message}`;
    if (!told.has(key)) diagnostics.report(id, draft);
    told.add(key);
  };
  const refusePackage = (importer: string, specifier: string): void => {
    const span = trail.spanOf(importer, specifier) ?? trail.spanTo(importer);
    const name = files.has(importer) ? specifier : (packageOf(importer)?.name ?? specifier);
    report("HD3805", {
      ...(span === undefined ? {} : { span }),
      message: `the package \`${name}\` has a native addon, which a bundle cannot carry`,
      reason: "A native addon is made for one machine, and bundles run on any.",
      help: "serve the handler from a worker (`worker: true`), which runs where its packages are installed, or use a package without an addon",
    });
  };
  return async function resolveId(source, importer, { kind }) {
    if (importer === undefined || importer.startsWith("\0")) return null;
    if (source === authoringModule) return { id: standInId, moduleSideEffects: false };
    if (source === compilerPackage || source.startsWith(`${compilerPackage}/`)) {
      const span = trail.spanOf(importer, source) ?? trail.spanTo(importer);
      report("HD3805", {
        ...(span === undefined ? {} : { span }),
        message: `\`${source}\` is the compiler, and no part of a bundle`,
        reason: "What a handler needs of it is in the authoring module.",
        help: `import from \`${authoringModule}\`, or do this outside of handlers`,
      });
      return { id: source, external: true };
    }
    if (isBuiltin(source)) return { id: source.startsWith("node:") ? source : `node:${source}`, external: true, moduleSideEffects: false };
    if (source.startsWith("data:")) return { id: source, external: true };
    if (source.endsWith(".node") || (addonLoaders.has(source) && !files.has(importer))) {
      refusePackage(importer, source);
      return { id: source, external: true };
    }
    const resolved = await this.resolve(source, importer, { kind, skipSelf: true });
    if (resolved === null) {
      missing(source, importer, kind);
      return { id: source, external: true };
    }
    trail.add(importer, source, resolved.id);
    if (resolved.id.endsWith(".node")) {
      refusePackage(importer, source);
      return { id: source, external: true };
    }
    if (files.has(importer) && !isCode(resolved.id) && extname(resolved.id) !== ".json") {
      const span = trail.spanOf(importer, source);
      report("HD3807", {
        ...(span === undefined ? {} : { span }),
        message: `\`${source}\` is no code`,
        reason: "Node imports modules and JSON.",
        help: `read it with \`readFileSync(new URL(${JSON.stringify(source)}, import.meta.url))\`, and name it in the \`includes\` of the workflow`,
      });
      return { id: source, external: true };
    }
    return resolved;
  };

  function missing(source: string, importer: string, kind: string): void {
    const owned = files.has(importer);
    // What a package would like to have and can do without.
    if (!owned && kind !== "import-statement") return;
    if (looked.has(importer) && /^\.{1,2}(?:\/|$)/.test(source)) return;
    const span = owned ? trail.spanOf(importer, source) : trail.spanTo(importer);
    const of = packageOf(importer)?.name ?? pathFrom(base, importer);
    report("HD3802", {
      ...(span === undefined ? {} : { span }),
      message: owned ? `\`${source}\` is not found` : `the package \`${of}\` needs \`${source}\`, which is not found`,
      reason: "The packages that handlers import go into the bundle, from where they are installed.",
      help:
        owned && liesBelow(importer, base) && /^[@~]\//.test(source)
          ? "aliases of tsconfig.json are not read: import it by a relative path, or name it in `imports` of package.json"
          : `install it: \`npm install ${packageNameOf(source)}\`; for its types alone, write \`import type\``,
    });
  }
}

const compilerPackage = "@heddle/compiler";

/** `@scope/name` of `@scope/name/part`. */
function packageNameOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
