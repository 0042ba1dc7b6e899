/**
 * Verification of an export of the audit chain, line by line, with nothing but the export, and the heads and the key
 * that the reader brings. It finds the first record that was changed, taken out, put in or moved; and, with a head that
 * was kept elsewhere, that records are missing at the end.
 */
import type * as z from "zod";
import {
  AuditExportStart,
  type AuditHead,
  type AuditKey,
  AuditRecord,
  type AuditSignatureCheck,
  auditHeadBytes,
  auditLine,
  auditOrigin,
  auditRecordHash,
  auditRoot,
  SignedAuditHead,
} from "./audit.ts";
import type { ContentHash } from "./hash.ts";

/** What is wrong with an export: where, and in one sentence. */
export interface AuditProblem {
  readonly kind: "unreadable" | "changed" | "missing" | "repeated" | "unsigned" | "signature" | "key" | "head" | "truncated";
  /** From 1. */
  readonly line: number;
  /** The first record that is not as it was; absent where the trouble is with none. */
  readonly record?: number;
  readonly message: string;
}

export type AuditVerification =
  | { readonly kind: "valid"; readonly tenant: string; readonly records: number; readonly leaves: number; readonly head: SignedAuditHead }
  | { readonly kind: "invalid"; readonly problem: AuditProblem };

export interface AuditVerifierOptions {
  readonly verifySignature: AuditSignatureCheck;
  /** The key that the signatures have to be by. Default: the one that the export names, which proves nothing about who made it. */
  readonly publicKey?: AuditKey;
  /** Heads that were kept elsewhere: the export has to hold what they say. */
  readonly heads?: readonly SignedAuditHead[];
}

/** Reads an export line by line. After the first problem it reads no further. */
export class AuditVerifier {
  readonly #options: AuditVerifierOptions;
  readonly #wanted: Map<number, SignedAuditHead[]>;
  #line = 0;
  #start: AuditExportStart | undefined;
  #n = 0;
  #hash: ContentHash | undefined;
  #leaves = 0;
  #through = 0;
  #end: SignedAuditHead | undefined;
  /** A link that does not fit: which of both records was changed, the next one tells. */
  #broken: { readonly line: number; readonly record: number } | undefined;
  #problem: AuditProblem | undefined;

  constructor(options: AuditVerifierOptions) {
    this.#options = options;
    this.#wanted = Map.groupBy(options.heads ?? [], ({ head }) => head.n);
  }

  /** Takes the next line, without its end. False: it has seen enough. */
  push(line: string): boolean {
    if (this.#problem !== undefined) return false;
    this.#line++;
    this.#problem = this.#take(line);
    return this.#problem === undefined;
  }

  /** What all lines together come to. */
  end(): AuditVerification {
    const problem = this.#problem ?? this.#atEnd();
    if (problem !== undefined) return { kind: "invalid", problem };
    const { tenant = "" } = this.#start ?? {};
    return { kind: "valid", tenant, records: this.#n, leaves: this.#leaves, head: this.#end as SignedAuditHead };
  }

  #take(text: string): AuditProblem | undefined {
    if (this.#end !== undefined) return this.#says("changed", "the export goes on after its signed head");
    if (this.#start === undefined) return this.#takeStart(text);
    const value = lineOf(text);
    return typeof value === "object" && value !== null && "head" in value ? this.#takeEnd(text, value) : this.#takeRecord(text, value);
  }

  #takeStart(text: string): AuditProblem | undefined {
    const start = exactly(AuditExportStart, text, lineOf(text));
    if (start === undefined) return this.#says("unreadable", "the first line is not that of an audit export");
    const { publicKey, heads = [] } = this.#options;
    if (publicKey !== undefined && publicKey !== start.publicKey)
      return this.#says("key", `the export is signed with ${start.publicKey}, and not with the key that was given`);
    this.#start = start;
    this.#hash = auditOrigin(start.tenant);
    for (const signed of heads) {
      const refusal = this.#refuseHead(signed, "the head that was given");
      if (refusal !== undefined) return refusal;
    }
    return this.#compare();
  }

  #takeRecord(text: string, value: unknown): AuditProblem | undefined {
    const record = exactly(AuditRecord, text, value);
    const next = this.#n + 1;
    if (record === undefined) return this.#says("unreadable", `record ${next} cannot be read, or is not written as it was exported`, next);
    if (record.n > next && this.#broken === undefined)
      return this.#says("missing", `record ${next} is missing: record ${record.n} stands in its place`, next);
    if (record.n !== next && this.#broken === undefined)
      return this.#says("repeated", `record ${record.n} stands where record ${next} belongs`, next);
    const judged = this.#judgeBroken(record.previous);
    if (judged !== undefined) return judged;
    if (auditRoot(record.leaves) !== record.root || record.through < this.#through)
      return this.#says("changed", `record ${next} was changed: its root is not that of its leaves`, next);
    const fits = record.previous === this.#hash;
    this.#n = next;
    this.#hash = auditRecordHash(this.#tenant, record);
    this.#through = record.through;
    this.#leaves += record.leaves.length;
    if (!fits && next === 1) return this.#says("changed", "record 1 was changed: it does not begin the chain of this tenant", 1);
    if (!fits) this.#broken = { line: this.#line, record: next };
    return fits ? this.#compare() : undefined;
  }

  #takeEnd(text: string, value: unknown): AuditProblem | undefined {
    const signed = exactly(SignedAuditHead, text, value);
    if (signed === undefined) return this.#says("unreadable", "the signed head cannot be read, or is not written as it was exported");
    const judged = this.#judgeBroken(signed.head.hash);
    if (judged !== undefined) return judged;
    const refusal = this.#refuseHead(signed, "the head of the export");
    if (refusal !== undefined) return refusal;
    const { n, hash } = signed.head;
    if (n > this.#n) return this.#says("missing", `records ${this.#n + 1} to ${n} are missing before the signed head`, this.#n + 1);
    if (n < this.#n) return this.#says("head", `the export goes on after record ${n}, where its signed head ends`, n + 1);
    if (hash !== this.#hash) return this.#says("changed", n === 0 ? "the signed head is of another chain" : `record ${n} was changed`, n);
    this.#end = signed;
    return undefined;
  }

  /** The record after a link that does not fit, or the head, says whether the one that has it is as it was. */
  #judgeBroken(previous: ContentHash): AuditProblem | undefined {
    if (this.#broken === undefined) return undefined;
    const { line, record } = this.#broken;
    const bad = previous === this.#hash ? record - 1 : record;
    return { kind: "changed", line: line - (record - bad), record: bad, message: `record ${bad} was changed` };
  }

  /** Heads that were kept elsewhere, against the record that they speak of. */
  #compare(): AuditProblem | undefined {
    for (const { head } of this.#wanted.get(this.#n) ?? []) {
      if (head.hash !== this.#hash)
        return this.#says("head", `record ${this.#n} is not the one that the head that was given was signed for`, this.#n);
    }
    return undefined;
  }

  #refuseHead({ head, publicKey, signature }: SignedAuditHead, what: string): AuditProblem | undefined {
    if (publicKey !== this.#start?.publicKey) return this.#says("key", `${what} is signed with another key than the export`);
    if (head.tenant !== this.#tenant) return this.#says("head", `${what} is of the tenant ${head.tenant}`);
    if (!this.#options.verifySignature(publicKey, auditHeadBytes(head), signature))
      return this.#says("signature", `the signature of ${what} is not valid`);
    return undefined;
  }

  #atEnd(): AuditProblem | undefined {
    if (this.#start === undefined) return this.#says("unreadable", "the export is empty");
    if (this.#end === undefined) return this.#says("unsigned", "the export has no signed head at its end: it was cut short", this.#n + 1);
    const last = Math.max(0, ...this.#wanted.keys());
    if (last <= this.#n) return undefined;
    return this.#says(
      "truncated",
      `records ${this.#n + 1} to ${last} are missing: the head that was given is of record ${last}`,
      this.#n + 1,
    );
  }

  get #tenant(): AuditHead["tenant"] {
    return this.#start?.tenant ?? "";
  }

  #says(kind: AuditProblem["kind"], message: string, record?: number): AuditProblem {
    return { kind, line: this.#line, message, ...(record === undefined || record < 1 ? {} : { record }) };
  }
}

/** An export as a whole. */
export function verifyAuditExport(lines: Iterable<string>, options: AuditVerifierOptions): AuditVerification {
  const verifier = new AuditVerifier(options);
  for (const line of lines) if (!verifier.push(line)) break;
  return verifier.end();
}

function lineOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value, where the line says it in the one way that an export has for it. */
function exactly<Value extends AuditExportStart | AuditRecord | SignedAuditHead>(
  schema: z.ZodType<Value>,
  text: string,
  value: unknown,
): Value | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success && auditLine(parsed.data) === text ? parsed.data : undefined;
}
