/** The compiler that other tools of `.nemo` use, as an oracle: what it makes of a text. For tests alone. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as oracle from "@nemoir/compiler-wasm";

/** What the other compiler says: its IR, or why it refuses. It refuses by throwing, too. */
export type Verdict = { readonly ok: true; readonly ir: unknown } | { readonly ok: false; readonly message: string };

let ready = false;

function load(): typeof oracle {
  if (!ready) {
    const entry = createRequire(import.meta.url).resolve("@nemoir/compiler-wasm");
    oracle.initSync({ module: readFileSync(entry.replace(/nemoir_wasm\.js$/, "nemoir_wasm_bg.wasm")) });
    ready = true;
  }
  return oracle;
}

export function askText(source: string, filename: string): Verdict {
  return ask(() => load().analyze({ source, filename, includeIr: true }));
}

export function askVisual(document: unknown, filename: string): Verdict {
  return ask(() => load().analyzeVisual({ document: document as oracle.VisualWorkflowDocument, filename, includeIr: true }));
}

function ask(question: () => oracle.AnalyzeResponse): Verdict {
  try {
    const answer = question();
    if (answer.ok) return { ok: true, ir: answer.ir };
    return { ok: false, message: answer.diagnostics.map((diagnostic) => diagnostic.message).join("; ") };
  } catch (error) {
    return { ok: false, message: String(error) };
  }
}
