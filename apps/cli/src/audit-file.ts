/** Files of the audit: an export, line by line, and the heads and keys that were kept beside it. Speaks to nobody. */
import { createPublicKey, verify } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { AuditKey, type AuditVerification, AuditVerifier, type AuditVerifierOptions, HeddleError, SignedAuditHead } from "@heddle/core";
import { UsageError } from "./command.ts";

/** No line of an export is longer: what is, is none. */
const lineCharsMax = 1024 * 1024;

/** Verifies the export in a file. Errors: `UsageError` where it cannot be read. */
export async function verifyAuditFile(
  path: string,
  shownAs: string,
  options: Omit<AuditVerifierOptions, "verifySignature">,
): Promise<AuditVerification> {
  const verifier = new AuditVerifier({ ...options, verifySignature });
  try {
    let rest = "";
    for await (const chunk of createReadStream(path, "utf8")) {
      const lines = `${rest}${String(chunk)}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (!verifier.push(line)) return verifier.end();
      if (rest.length > lineCharsMax) break;
    }
    if (rest !== "") verifier.push(rest);
  } catch (error) {
    throw unreadable(shownAs, error);
  }
  return verifier.end();
}

/** A head as `heddle audit head --json` prints it. Errors: `UsageError`. */
export async function readAuditHead(path: string, shownAs: string): Promise<SignedAuditHead> {
  const parsed = SignedAuditHead.safeParse(jsonOf(await textOf(path, shownAs)));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${shownAs} holds no signed head`, "keep one: heddle audit head --json > head.json");
}

/** A public key as text, or as part of a head. Errors: `UsageError`. */
export async function readAuditKey(path: string, shownAs: string): Promise<AuditKey> {
  const text = (await textOf(path, shownAs)).trim();
  const key = AuditKey.safeParse(text);
  if (key.success) return key.data;
  const head = SignedAuditHead.safeParse(jsonOf(text));
  if (head.success) return head.data.publicKey;
  throw new UsageError(`${shownAs} holds no public key, as in ed25519:… with 64 hex digits`, "see the key: heddle audit head");
}

function verifySignature(publicKey: AuditKey, bytes: Uint8Array, signature: string): boolean {
  const x = Buffer.from(publicKey.slice("ed25519:".length), "hex").toString("base64url");
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, bytes, key, Buffer.from(signature, "hex"));
  } catch {
    // Bytes that are no point of the curve are nobody's key.
    return false;
  }
}

async function textOf(path: string, shownAs: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(shownAs, error);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(shownAs: string, error: unknown): HeddleError {
  if (HeddleError.is(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new UsageError(`${shownAs} cannot be read (${code ?? "unknown"})`, "name a file that heddle audit export wrote");
}
