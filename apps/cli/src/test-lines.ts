/** What `heddle test` says, as lines for people. Pure. */
import type { FailingSeed, QuickTestReport, SimulationReport } from "@heddle/testkit/simulator";
import type { Paint } from "./style.ts";

/** The way that a quick test took, and what it cost. */
export function pathLines({ path, calls }: QuickTestReport, paint: Paint): readonly string[] {
  const steps = path.map(({ node, activation, outcome, attempts }) => {
    const tries = attempts > 1 ? ` after ${attempts} attempts` : "";
    const colour = outcome === "succeeded" ? "green" : outcome === "open" || outcome === "cancelled" ? "yellow" : "red";
    return `  ${node}#${activation} ${paint(colour, outcome)}${tries}`;
  });
  const each = Object.entries(calls).map(
    ([node, { calls: count, attempts }]) => `${node} ${count}${attempts > count ? ` (${attempts} attempts)` : ""}`,
  );
  return [...steps, ...(each.length === 0 ? [] : [`calls: ${each.join(", ")}`])];
}

/** How a range of seeds went. `reproduce`: the command that plays one seed again. */
export function simulationLines(
  report: SimulationReport,
  { seconds, reproduce, paint }: { readonly seconds: number; readonly reproduce: (seed: number) => string; readonly paint: Paint },
): readonly string[] {
  const { failing, from, seedsPlayed, sweptAll, faults, remarks, undisturbed } = report;
  const lines = [`${report.workflow} undisturbed: ${undisturbed.status} after ${undisturbed.commits} commits`];
  lines.push(...remarks.map((remark) => `note: ${remark}`));
  if (failing !== undefined) return [...lines, ...failingLines(failing, reproduce(failing.seed), paint)];
  const rate = seconds > 0 ? `, ${Math.round(seedsPlayed / seconds)} seeds/s` : "";
  lines.push(paint("green", `${seedsPlayed} seeds hold (${from} to ${from + seedsPlayed - 1})${rate}`));
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  if (kinds.length > 0) lines.push(`faults: ${kinds.join(", ")}`);
  lines.push(
    sweptAll
      ? "the process died at every port call of the run, before it and after it"
      : "more seeds let the process die at every port call",
  );
  return lines;
}

function failingLines({ seed, what, law, faults, faultsBrought, story }: FailingSeed, reproduce: string, paint: Paint): readonly string[] {
  const count = faults.length === 0 ? "without any fault" : `with ${faults.length === 1 ? "one fault" : `${faults.length} faults`}`;
  const of = faultsBrought > faults.length ? `, of ${faultsBrought} that it brings` : "";
  return [
    paint("red", `seed ${seed} fails: ${what}`),
    `  it fails ${count}${of}${law === "check" ? "" : ` (${lawTexts[law] ?? law})`}`,
    "",
    ...story.map(({ atMs, text, fault }) => `  ${`${atMs} ms`.padStart(12)}  ${fault ? paint("yellow", `! ${text}`) : `  ${text}`}`),
    "",
    `again: ${reproduce}`,
  ];
}

/** What each law says, where the author's own check is not the one. */
const lawTexts: Readonly<Record<string, string>> = {
  ends: "a run ends",
  reason: "an open run has a reason",
  "same-output": "what fails for good nowhere ends as it does undisturbed",
  "stable-key": "an idempotency key stands for one call",
  "done-once": "what has succeeded is not done again",
  "one-at-a-time": "one attempt at a time",
  "unsafe-once": "an unsafe attempt is begun once",
  "facts-first": "facts come before their consequences",
  "failure-code": "a failure has a code",
  answers: "every call is answered",
  sound: "the runtime is sound",
};
