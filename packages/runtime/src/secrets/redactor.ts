/**
 * Removes the values of secrets from what leaves an executor.
 *
 * It knows every value that was resolved in this process, in the forms in which programs write them. Where a text was
 * cut, at the bound of a record or of a chunk, the part of a value at either edge is removed too, down to six characters.
 */
import { type Failure, isJsonArray, type JsonValue } from "@heddle/core";
import { formsOf } from "./forms.ts";

export const redacted = "[redacted]";

/** Characters of a message: what stands for a value may be longer than the value. */
const failureMessageMax = 16_384;

/** The shortest value that can be a secret: a shorter one could not be told from ordinary text. */
export const secretLengthMin = 6;

export interface Redactor {
  /** From now on this value is removed. */
  learn(value: string): void;
  /** Characters of the longest form: what is cut shorter has to be redacted first. */
  longest(): number;
  /** Whole forms alone: for results, which keep their other characters. */
  inText(text: string): string;
  /** Parts of forms at either edge too: for logs and messages, which may have been cut. */
  inTelling(text: string): string;
  /** The value itself where nothing has to be removed from it. */
  inValue<Value extends JsonValue>(value: Value): Value;
  inFailure(failure: Failure): Failure;
  /** Whether there is anything to remove. */
  finds(value: JsonValue): boolean;
}

export function createRedactor(): Redactor {
  const values = new Set<string>();
  let forms: readonly string[] = [];
  let pattern: RegExp | undefined;
  let longest = 0;

  const inText = (text: string): string => (pattern === undefined ? text : text.replace(pattern, redacted));
  const inTelling = (text: string): string => (pattern === undefined ? text : withoutEdges(inText(text), forms));
  const inValue = <Value extends JsonValue>(value: Value): Value =>
    // Texts become texts, and lists and objects keep their shape.
    pattern === undefined ? value : (mapTexts(value, inText) as Value);

  return {
    learn(value) {
      if (values.has(value)) return;
      values.add(value);
      forms = [...new Set([...forms, ...formsOf(value)])].sort((a, b) => b.length - a.length);
      pattern = new RegExp(forms.map(escapeRegExp).join("|"), "g");
      longest = forms[0]?.length ?? 0;
    },
    longest: () => longest,
    inText,
    inTelling,
    inValue,
    inFailure(failure) {
      if (pattern === undefined) return failure;
      const { details } = failure;
      return {
        ...failure,
        code: inText(failure.code),
        message: inTelling(failure.message).slice(0, failureMessageMax),
        ...(details === undefined ? {} : { details: mapTexts(details, inTelling) }),
      };
    },
    finds: (value) => pattern !== undefined && inValue(value) !== value,
  };
}

/** The same value, and not a copy, where no text changes. */
function mapTexts(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === "string") return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (isJsonArray(value)) {
    const items = value.map((item) => mapTexts(item, change));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const members = Object.entries(value).map(([name, member]) => [change(name), mapTexts(member, change)] as const);
  const isSame = members.every(([name, member]) => Object.hasOwn(value, name) && value[name] === member);
  return isSame ? value : Object.fromEntries(members);
}

function withoutEdges(text: string, forms: readonly string[]): string {
  let [from, to] = [0, text.length];
  for (const form of forms) {
    from = Math.max(from, tailLengthAtStart(text, form));
    to = Math.min(to, text.length - headLengthAtEnd(text, form));
  }
  if (from === 0 && to === text.length) return text;
  if (from >= to) return redacted;
  return `${from === 0 ? "" : redacted}${text.slice(from, to)}${to === text.length ? "" : redacted}`;
}

/** Characters at the end of a text with which a form begins. */
function headLengthAtEnd(text: string, form: string): number {
  const head = form.slice(0, secretLengthMin);
  const first = Math.max(0, text.length - form.length + 1);
  for (let at = text.indexOf(head, first); at !== -1; at = text.indexOf(head, at + 1)) {
    if (form.startsWith(text.slice(at))) return text.length - at;
  }
  return 0;
}

/** Characters at the start of a text with which a form ends. */
function tailLengthAtStart(text: string, form: string): number {
  const tail = form.slice(-secretLengthMin);
  for (let at = text.lastIndexOf(tail, form.length - 1 - tail.length); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(tail, at - 1)) {
    const length = at + tail.length;
    if (form.endsWith(text.slice(0, length))) return length;
  }
  return 0;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
