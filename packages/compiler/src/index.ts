/** The compiler: from what authors write to checked, content-addressed bundles. Authors import `./authoring`. */
export { type Bundle, type BundleParts, createBundle, type ImportedJob, manifestText } from "./backends/bundle/create-bundle.ts";
export { type Payloads, payloadsOf } from "./frontends/manifest/check-payloads.ts";
export {
  type CompiledManifest,
  compileManifest,
  isJobManifest,
  type Manifest,
  type ManifestOptions,
} from "./frontends/manifest/compile-manifest.ts";
export { type BuildOptions, buildBundle } from "./host/build-bundle.ts";
export { type ReadOptions, readBundle } from "./host/read-bundle.ts";
export { type TargetOptions, validateTarget } from "./host/validate-target.ts";
export { writeBundle } from "./host/write-bundle.ts";
export type { Problem } from "./problem.ts";
