/**
 * What is wrong with an authoring file of plain TypeScript, in its place: line, column and the text itself. A bundle that
 * could not be built says it in lines alone, and what both say is told once.
 */
import { realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import type { CheckedTarget, Diagnostic, Problem, Span } from "@heddle/compiler";

export interface PlainFindings {
  readonly diagnostics: readonly Diagnostic[];
  /** What the diagnostics do not say. */
  readonly problems: readonly Problem[];
  /** Texts by the file names of the diagnostics. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Undefined where the path is no such file. Names are relative to `cwd`, as they were typed. */
export async function plainFindings(path: string, cwd: string, checked: CheckedTarget): Promise<PlainFindings | undefined> {
  if (!/\.[cm]?[jt]s$/.test(path)) return undefined;
  const { compile, isError, readPlainSources } = await import("@heddle/compiler");
  const read = readPlainSources(path);
  if (read?.plain !== true) return undefined;
  // The sources are known by their real paths.
  const from = await realpath(cwd);
  const shownAs = (file: string): string => relative(from, file).split(sep).join("/");
  const shown = new Map([...read.files].map(([file, text]) => [shownAs(file), text]));
  // A bundle names files from the folder of its package on.
  const inBundle = (file: string): string => {
    const whole = [...read.files.keys()].find((one) => one.split(sep).join("/").endsWith(`/${file}`));
    return whole === undefined ? file : shownAs(whole);
  };
  // An import that leads nowhere is the cause of what would be said of its names.
  const found = read.diagnostics.some(isError) ? read.diagnostics : [...read.diagnostics, ...compile(read.files).diagnostics];
  const own = found.map((diagnostic) => renamed(diagnostic, shownAs));
  const told = new Set(own.map(({ span, message }) => keyOf(span?.start.line, message)));
  const others = checked.diagnostics
    .filter(({ span, message }) => !told.has(keyOf(span?.start.line, message)))
    .map((diagnostic) => renamed(diagnostic, inBundle));
  const problems = checked.bundle.problems.flatMap((problem) => {
    const [, file = problem.path, line] = /^(.+?)(?::(\d+)(?::\d+)?)?$/.exec(problem.path) ?? [];
    if (told.has(keyOf(line, problem.message.replace(/ \(HD\d{4}\)$/, "")))) return [];
    return [{ ...problem, path: `${inBundle(file)}${problem.path.slice(file.length)}` }];
  });
  return { diagnostics: [...own, ...others], problems, sources: shown };
}

function keyOf(line: number | string | undefined, message: string): string {
  return `${line ?? ""} ${message}`;
}

function renamed(diagnostic: Diagnostic, shownAs: (file: string) => string): Diagnostic {
  const span = (of: Span): Span => ({ ...of, file: shownAs(of.file) });
  const { fix } = diagnostic;
  return {
    ...diagnostic,
    ...(diagnostic.span === undefined ? {} : { span: span(diagnostic.span) }),
    ...(fix === undefined ? {} : { fix: { ...fix, edits: fix.edits.map((edit) => ({ ...edit, span: span(edit.span) })) } }),
    related: diagnostic.related.map((one) => ({ ...one, span: span(one.span) })),
  };
}
