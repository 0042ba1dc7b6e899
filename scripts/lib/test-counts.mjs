// Turns the outcomes of test steps into counts and a verdict. Pure, because the last line of `npm test` is believed.

const none = { passed: 0, failed: 0, skipped: 0 };

/** Counts of a vitest JSON report. A file that does not load, and an error outside any test, are failures too. */
export function countVitest(report, exitCode) {
  if (report === undefined) return { ...none, failed: 1, note: "vitest left no report" };
  const brokenFiles = (report.testResults ?? []).filter(
    (file) => file.status === "failed" && !(file.assertionResults ?? []).some((test) => test.status === "failed"),
  ).length;
  const counts = {
    passed: report.numPassedTests ?? 0,
    failed: (report.numFailedTests ?? 0) + brokenFiles,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  };
  if (counts.passed + counts.failed === 0) return { ...counts, failed: 1, note: "vitest ran no test" };
  if (exitCode !== 0 && counts.failed === 0) return { ...counts, failed: 1, note: "an error outside any test" };
  return counts;
}

/** Counts of a step that prints one line per check, `ok - ...`, `not ok - ...` or `skip - ...`. */
export function countChecks(output, exitCode) {
  const lines = output.split("\n");
  const counts = {
    passed: lines.filter((line) => line.startsWith("ok - ")).length,
    failed: lines.filter((line) => line.startsWith("not ok - ")).length,
    skipped: lines.filter((line) => line.startsWith("skip - ")).length,
  };
  if (counts.passed + counts.failed === 0) return { ...counts, failed: 1, note: "no check ran" };
  if (exitCode !== 0 && counts.failed === 0) return { ...counts, failed: 1, note: `ended with ${exitCode}` };
  return counts;
}

/** The table of steps, its last line, and the exit code that goes with it. */
export function verdict(results, refuseSkipped) {
  const width = Math.max(4, ...results.map(({ name }) => name.length));
  const lines = [`${"step".padEnd(width)}  passed  failed  skipped  seconds`];
  const total = { ...none };
  for (const result of results) {
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped += result.skipped;
    const numbers = [
      String(result.passed).padStart(6),
      String(result.failed).padStart(6),
      String(result.skipped).padStart(7),
      result.seconds.toFixed(1).padStart(7),
    ];
    lines.push(`${result.name.padEnd(width)}  ${numbers.join("  ")}${result.note ? `  ${result.note}` : ""}`);
  }
  const skippedRefused = refuseSkipped && total.skipped > 0;
  lines.push("");
  if (total.skipped > 0) lines.push(`${total.skipped} skipped${skippedRefused ? ", which CI does not accept" : ""}`);
  lines.push(`${total.passed} passed, ${total.failed} failed`);
  return { lines, exitCode: total.failed > 0 || total.passed === 0 || skippedRefused ? 1 : 0 };
}
