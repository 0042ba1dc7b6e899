// The audit chain: whatever is done to an export is found, with nothing but the export.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AuditLeaf,
  type AuditRecord,
  auditFormat,
  auditHeadBytes,
  auditLeaf,
  auditLine,
  auditOrigin,
  auditRecordHash,
  auditRoot,
  type SignedAuditHead,
} from "./audit.ts";
import { type AuditProblem, type AuditVerifierOptions, verifyAuditExport } from "./audit-verify.ts";
import { hashText } from "./hash.ts";

interface Signer {
  readonly publicKey: string;
  sign(bytes: Uint8Array): string;
}

function signer(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return {
    publicKey: `ed25519:${Buffer.from(x, "base64url").toString("hex")}`,
    sign: (bytes) => sign(null, bytes, privateKey).toString("hex"),
  };
}

const ours = signer();
const options: AuditVerifierOptions = {
  verifySignature: (publicKey, bytes, signature) => {
    const x = Buffer.from(publicKey.slice("ed25519:".length), "hex").toString("base64url");
    try {
      const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
      return verify(null, bytes, key, Buffer.from(signature, "hex"));
    } catch {
      return false;
    }
  },
};

const leafAt = (n: number, i: number, mark = ""): AuditLeaf =>
  auditLeaf(`run:${n}`, i + 1, hashText(`${n} ${i} ${mark}`), { kind: "call-prepared" });

/** A chain with as many leaves in each record. */
function chain(sizes: readonly number[], tenant = "default"): { readonly records: AuditRecord[]; headAt(n: number): SignedAuditHead } {
  const records: AuditRecord[] = [];
  const hashes = [auditOrigin(tenant)];
  for (const [at, size] of sizes.entries()) {
    const leaves = Array.from({ length: size }, (_, i) => leafAt(at + 1, i));
    const record = { n: at + 1, previous: hashes[at] ?? "", root: auditRoot(leaves), leaves, through: 10 * (at + 1), atMs: 1_000 + at };
    records.push(record);
    hashes.push(auditRecordHash(tenant, record));
  }
  return {
    records,
    headAt: (n) => {
      const head = { tenant, n, hash: hashes[n] ?? "", atMs: 2_000 + n };
      return { head, publicKey: ours.publicKey, signature: ours.sign(auditHeadBytes(head)) };
    },
  };
}

function linesOf(records: readonly AuditRecord[], head: SignedAuditHead, tenant = "default"): string[] {
  return [auditLine({ format: auditFormat, tenant, publicKey: ours.publicKey }), ...records.map(auditLine), auditLine(head)];
}

function exported(sizes: readonly number[]): string[] {
  const { records, headAt } = chain(sizes);
  return linesOf(records, headAt(records.length));
}

function problemOf(lines: readonly string[], extra: Partial<AuditVerifierOptions> = {}): AuditProblem | undefined {
  const verified = verifyAuditExport(lines, { ...options, ...extra });
  return verified.kind === "invalid" ? verified.problem : undefined;
}

const someSizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });

describe("an export", () => {
  test("is valid as it was made, and an empty one too", () => {
    const { headAt } = chain([2, 1, 3]);
    expect(
      verifyAuditExport(exported([2, 1, 3]), { ...options, heads: [headAt(0), headAt(2), headAt(3)], publicKey: ours.publicKey }),
    ).toEqual({
      kind: "valid",
      tenant: "default",
      records: 3,
      leaves: 6,
      head: headAt(3),
    });
    expect(problemOf(exported([]))).toBeUndefined();
  });

  test("with any one character changed, put in or taken out is found out", () => {
    void fc.assert(
      fc.property(
        someSizes,
        fc.nat(),
        fc.nat(),
        fc.constantFrom("0", "1", "9", "a", "f", " ", '"', "}", ","),
        fc.nat(2),
        (sizes, at, where, by, kind) => {
          const lines = exported(sizes);
          const line = at % lines.length;
          const text = lines[line] ?? "";
          const place = where % text.length;
          const changed = [
            text.slice(0, place) + by + text.slice(place + 1),
            text.slice(0, place) + by + text.slice(place),
            text.slice(0, place) + text.slice(place + 1),
          ][kind] as string;
          fc.pre(changed !== text);
          expect(problemOf(lines.with(line, changed))).toBeDefined();
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("with a member changed, and every hash in that record made right again, is found out by the next one", () => {
    void fc.assert(
      fc.property(someSizes, fc.nat(), fc.constantFrom("leaf", "leaves", "through", "atMs", "previous"), (sizes, at, what) => {
        const { records, headAt } = chain(sizes);
        const n = (at % records.length) + 1;
        const record = records[n - 1] as AuditRecord;
        const others =
          what === "leaf"
            ? record.leaves.with(0, leafAt(n, 0, "forged"))
            : what === "leaves"
              ? [...record.leaves, leafAt(n, 99)]
              : record.leaves;
        const forged: AuditRecord = {
          ...record,
          leaves: others,
          root: auditRoot(others),
          ...(what === "through" ? { through: record.through + 1 } : {}),
          ...(what === "atMs" ? { atMs: record.atMs + 1 } : {}),
          ...(what === "previous" ? { previous: hashText("elsewhere") } : {}),
        };
        const problem = problemOf(linesOf(records.with(n - 1, forged), headAt(records.length)));
        expect(problem).toMatchObject({ kind: "changed", record: n });
      }),
    );
  });

  test("without one of its records, with two of them swapped, or with one twice or another one put in, names the place", () => {
    void fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 8 }), fc.nat(), fc.nat(), (sizes, first, second) => {
        const { records, headAt } = chain(sizes);
        const head = headAt(records.length);
        const i = first % records.length;
        const j = second % records.length;
        expect(problemOf(linesOf(records.toSpliced(i, 1), head))).toMatchObject({ kind: "missing", record: i + 1 });
        const twice = records.toSpliced(j, 0, records[i] as AuditRecord);
        expect(problemOf(linesOf(twice, head))).toBeDefined();
        const renumbered = records.map((record) => (record.n > i ? { ...record, n: record.n + 1 } : record));
        const { previous, through } = records[i] as AuditRecord;
        const leaves = [leafAt(0, 0, "put in")];
        const alien = { n: i + 1, previous, root: auditRoot(leaves), leaves, through, atMs: 0 };
        expect(problemOf(linesOf(renumbered.toSpliced(i, 0, alien), head))).toBeDefined();
        if (i === j) return;
        const swapped = records.with(i, records[j] as AuditRecord).with(j, records[i] as AuditRecord);
        expect(problemOf(linesOf(swapped, head))).toMatchObject({ record: Math.min(i, j) + 1 });
      }),
    );
  });

  test("that was cut short is found out by its missing head, and by a head that was kept", () => {
    void fc.assert(
      fc.property(someSizes, fc.nat(), (sizes, at) => {
        const { records, headAt } = chain(sizes);
        const kept = at % records.length;
        const whole = linesOf(records, headAt(records.length));
        expect(problemOf(whole.slice(0, 1 + kept))?.kind).toBe("unsigned");
        expect(problemOf([...whole.slice(0, 1 + kept), whole.at(-1) ?? ""])).toMatchObject({ kind: "missing", record: kept + 1 });
        // An older head that was really signed: without another one, nobody can tell.
        const short = linesOf(records.slice(0, kept), headAt(kept));
        expect(problemOf(short)).toBeUndefined();
        expect(problemOf(short, { heads: [headAt(records.length)] })).toMatchObject({ kind: "truncated", record: kept + 1 });
      }),
    );
  });

  test("of another history does not hold the head that was kept", () => {
    const { headAt } = chain([2, 2, 2]);
    expect(problemOf(exported([2, 3, 2]), { heads: [headAt(2)] })).toMatchObject({ kind: "head", record: 2 });
    expect(problemOf(exported([2, 3, 2]), { heads: [headAt(1)] })).toBeUndefined();
  });

  test("that was signed anew with another key is found out by the key", () => {
    const { records, headAt } = chain([1, 2]);
    const theirs = signer();
    const { head } = headAt(2);
    const forged = { head, publicKey: theirs.publicKey, signature: theirs.sign(auditHeadBytes(head)) };
    const start = auditLine({ format: auditFormat, tenant: "default", publicKey: theirs.publicKey });
    const lines = [start, ...records.map(auditLine), auditLine(forged)];
    expect(problemOf(lines)).toBeUndefined();
    expect(problemOf(lines, { publicKey: ours.publicKey })?.kind).toBe("key");
    expect(problemOf(lines, { heads: [headAt(1)] })?.kind).toBe("key");
    expect(problemOf(exported([1, 2]).with(0, start))?.kind).toBe("key");
  });

  test("of one tenant is not one of another", () => {
    const { records } = chain([1, 2]);
    expect(problemOf(linesOf(records, chain([1, 2], "other").headAt(2), "other"))?.record).toBe(1);
  });

  test("that is no export at all says so", () => {
    expect(problemOf([])?.kind).toBe("unreadable");
    expect(problemOf(["hello"])?.kind).toBe("unreadable");
    expect(problemOf([...exported([1]), ""])?.kind).toBe("changed");
  });
});

test("a root is the one of RFC 6962 over the leaves in their order", () => {
  const leaves = [0, 1, 2, 3, 4, 5, 6].map((i) => leafAt(1, i));
  const sha = (...parts: (Buffer | string)[]) =>
    createHash("sha256")
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest();
  const of = (some: readonly AuditLeaf[]): Buffer => {
    if (some.length === 1) return sha("\u0000", JSON.stringify({ digest: some[0]?.digest, seq: some[0]?.seq, stream: some[0]?.stream }));
    const left = 2 ** Math.ceil(Math.log2(some.length) - 1);
    return sha("\u0001", of(some.slice(0, left)), of(some.slice(left)));
  };
  for (let count = 1; count <= leaves.length; count++) {
    const some = leaves.slice(0, count);
    expect(auditRoot(some)).toBe(`sha256:${of(some).toString("hex")}`);
  }
});
