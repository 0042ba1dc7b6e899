/** The text frontend: one source to one unchecked workflow and everything that is wrong with it. Pure and total. */
import { jsonDepthMax, type WorkflowIr } from "@heddle/core";
import type { Diagnostic, DiagnosticId, DiagnosticList, Origins, SourceText } from "../../diagnostics/index.ts";
import { buildModel } from "./build-model.ts";
import { checkGraph } from "./flow-graph.ts";
import { lowerFlow, originsOfFlow } from "./lower-flow.ts";
import { parseWorkflow } from "./parse-workflow.ts";
import { type Dialect, Scanner } from "./scanner.ts";

export interface CompiledSource {
  readonly ir: WorkflowIr;
  readonly origins: Origins;
}

/** Longest source, in UTF-16 units: what nobody wrote by hand, and no editor shows. */
export const sourceLengthMax = 64 * 1_024 * 1_024;

/** Errors that leave the shape of the workflow as it is meant. */
const shapeKeeping: ReadonlySet<DiagnosticId> = new Set<DiagnosticId>([
  "HD1008",
  "HD1009",
  "HD1102",
  "HD1108",
  "HD1109",
  "HD1110",
  "HD1111",
  "HD1112",
  "HD1113",
  "HD1114",
  "HD1201",
  "HD1202",
  "HD1207",
  "HD1208",
  "HD1210",
  "HD1303",
  "HD1501",
  "HD1502",
  "HD1503",
  "HD1504",
  "HD1505",
  "HD1506",
  "HD1507",
]);

/** Undefined where there is an error; the diagnostics of the source go to `diagnostics`. */
export function compileText(source: SourceText, dialect: Dialect, diagnostics: DiagnosticList): CompiledSource | undefined {
  const before = diagnostics.errors;
  const scanner = new Scanner(source, dialect, diagnostics);
  if (source.text.length > sourceLengthMax) {
    scanner.report(
      "HD1011",
      { start: 0, end: 0 },
      {
        message: `this source has ${source.text.length} characters`,
        reason: `At most ${sourceLengthMax} are read.`,
        help: "split it into several workflows",
      },
    );
    return undefined;
  }
  const syntax = parseWorkflow(scanner);
  if (syntax === undefined) return undefined;
  const model = buildModel({ ...syntax, file: source.file, given: new Map(), everyStage: new Map() }, scanner);
  if (model === undefined) return undefined;
  const shaped = diagnostics.all().every((diagnostic: Diagnostic) => isShapeKept(diagnostic, source.file));
  if (shaped) checkGraph(model, (id, at, draft) => scanner.report(id, at, draft));
  if (diagnostics.errors > before) return undefined;
  const ir = lowerFlow(model, source);
  if (dialect === "heddle" && depthOf(ir) > irDepthMax) {
    scanner.report("HD1004", model.at, {
      message: `workflow \`${model.id}\` nests more than ${irDepthMax} levels deep`,
      reason: "A workflow is JSON of bounded depth, and regions, types and expressions each take levels of it.",
      help: "make an inner region a workflow of its own",
    });
    return undefined;
  }
  return { ir, origins: originsOfFlow(model, source) };
}

/** What a value may nest, less what a bundle puts around a workflow. */
const irDepthMax = jsonDepthMax - 8;

/** Levels of JSON. Bounded by the parser, so it may recurse. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner));
  return deepest + 1;
}

function isShapeKept({ severity, span, id }: Diagnostic, file: string): boolean {
  return severity !== "error" || span?.file !== file || shapeKeeping.has(id);
}
