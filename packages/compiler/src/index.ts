/** The compiler: from what authors write to checked, content-addressed bundles. Authors import `./authoring`. */
export { type Bundle, type BundleParts, createBundle, type ImportedJob, manifestText } from "./backends/bundle/create-bundle.ts";
export { mermaidOf } from "./backends/diagram/mermaid-of.ts";
export type { NemoExpr, NemoGuard, NemoIr, NemoNode, NemoPolicy, NemoRef } from "./backends/nemo/nemo-ir.ts";
export { type PrintedNemoIr, printNemoIr } from "./backends/nemo/print-nemo-ir.ts";
export {
  type MachineContext,
  type MachineEvent,
  toldActions,
  type XstateImplementations,
  type XstateMachine,
  type XstateModule,
  type XstateNamed,
  type XstateOptions,
  type XstateState,
  type XstateTables,
  type XstateTransition,
  xstateImplementations,
  xstateOf,
} from "./backends/xstate/index.ts";
export { allChecks, type Check, type CheckOptions, checkWorkflow } from "./checks/index.ts";
export { type Compilation, type CompiledWorkflow, type CompileOptions, compile, strictly } from "./compile.ts";
export {
  type Diagnostic,
  type DiagnosticId,
  type DiagnosticSpec,
  diagnosticRegistry,
  type Edit,
  type Fix,
  isError,
  type Origins,
  type Part,
  type Position,
  type Related,
  type RenderOptions,
  renderDiagnostics,
  type Severity,
  type Span,
} from "./diagnostics/index.ts";
export { type Payloads, payloadsOf } from "./frontends/manifest/check-payloads.ts";
export {
  type CompiledManifest,
  compileManifest,
  isJobManifest,
  type Manifest,
  type ManifestOptions,
} from "./frontends/manifest/compile-manifest.ts";
export { buildBundle } from "./host/build-bundle.ts";
export type { BuildOptions } from "./host/build-options.ts";
export { type PlainSources, readPlainSources } from "./host/plain-sources.ts";
export { type ReadOptions, readBundle } from "./host/read-bundle.ts";
export { type CheckedTarget, checkTarget, type TargetOptions, validateTarget } from "./host/validate-target.ts";
export { writeBundle } from "./host/write-bundle.ts";
export type { Problem } from "./problem.ts";
