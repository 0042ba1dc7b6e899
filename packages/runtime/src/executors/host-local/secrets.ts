/**
 * What must not be repeated of a program's environment, and its removal from what the program prints.
 *
 * A variable whose name or value says that it is a secret is removed from everything. What was passed
 * on from the host besides is removed from logs and failures only: it may be plain data that the
 * output is about, and a log is read by more people than an output.
 */
export interface Redaction {
  /** For logs and failures. */
  inTelling(text: string): string;
  /** For captured output. */
  inOutput(text: string): string;
  /** Characters of the longest secret: text that is cut shorter must be redacted first. */
  readonly longest: number;
}

const replacement = "[redacted]";
const secretName = /key|token|secret|passw|pwd|credential|auth|private|session|cookie|dsn/i;
const credentialsInUrl = /:\/\/[^/\s]*:[^@/\s]+@/;
const plainNames: ReadonlySet<string> = new Set([
  "HOME",
  "LANG",
  "LOGNAME",
  "PATH",
  "PWD",
  "SHELL",
  "TEMP",
  "TERM",
  "TMP",
  "TMPDIR",
  "TZ",
  "USER",
]);

/** Shorter values are found in any text by chance. */
const secretLengthMin = 4;
const passedLengthMin = 8;

export function redactionOf(given: Readonly<Record<string, string>>, passed: Readonly<Record<string, string>>): Redaction {
  const all = [...Object.entries(given), ...Object.entries(passed)];
  const secrets = all.filter(([name, value]) => isSecret(name, value)).map(([, value]) => value);
  const others = Object.entries(passed).filter(([name, value]) => !plainNames.has(name) && value.length >= passedLengthMin);
  const output = patternOf(secrets);
  const telling = patternOf([...secrets, ...others.map(([, value]) => value)]);
  return {
    inTelling: (text) => (telling === undefined ? text : text.replace(telling.pattern, replacement)),
    inOutput: (text) => (output === undefined ? text : text.replace(output.pattern, replacement)),
    longest: telling?.longest ?? 0,
  };
}

function isSecret(name: string, value: string): boolean {
  if (value.length < secretLengthMin) return false;
  return secretName.test(name) ? !/^(?:true|false|null|none|[0-9]{1,5})$/i.test(value) : credentialsInUrl.test(value);
}

/** One pattern for all values, the longest first; also as JSON writes them, and line by line. */
function patternOf(values: readonly string[]): { readonly pattern: RegExp; readonly longest: number } | undefined {
  const forms = new Set<string>();
  for (const value of values) {
    const lines = value.split(/\r?\n/).filter((line) => line.length >= passedLengthMin);
    for (const form of [value, ...(lines.length > 1 ? lines : [])]) {
      forms.add(form);
      forms.add(JSON.stringify(form).slice(1, -1));
    }
  }
  if (forms.size === 0) return undefined;
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  return { pattern: new RegExp(sorted.map(escapeRegExp).join("|"), "g"), longest: sorted[0]?.length ?? 0 };
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
