/** The compiler: from what authors write to checked, content-addressed bundles. Authors import `./authoring`. */
export { type Bundle, type BundleParts, createBundle, manifestText } from "./backends/bundle/create-bundle.ts";
export { type BuildOptions, buildBundle } from "./host/build-bundle.ts";
export { readBundle } from "./host/read-bundle.ts";
export { validateTarget } from "./host/validate-target.ts";
export { writeBundle } from "./host/write-bundle.ts";
export type { Problem } from "./problem.ts";
