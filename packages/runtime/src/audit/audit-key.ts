/**
 * The key that heads are signed with: an Ed25519 key pair in the data folder, made at its first use and readable by its
 * owner alone; without a folder, in memory.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type AuditHead, auditHeadBytes, HeddleError, type SignedAuditHead } from "@heddle/core";

export interface AuditSigner {
  /** @throws HeddleError `config-invalid` where the key's file cannot be used. */
  sign(head: AuditHead): SignedAuditHead;
}

/** `path`: the file of the key. Absent: the key ends with this signer. */
export function createAuditSigner(path: string | undefined): AuditSigner {
  let held: { readonly key: KeyObject; readonly publicKey: SignedAuditHead["publicKey"] } | undefined;
  return {
    sign(head) {
      if (held === undefined) {
        const key = path === undefined ? fresh() : (readKey(path) ?? makeKey(path));
        held = { key, publicKey: publicKeyOf(key) };
      }
      const { key, publicKey } = held;
      return { head, publicKey, signature: sign(null, auditHeadBytes(head), key).toString("hex") };
    },
  };
}

function fresh(): KeyObject {
  return generateKeyPairSync("ed25519").privateKey;
}

function publicKeyOf(key: KeyObject): SignedAuditHead["publicKey"] {
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return `ed25519:${Buffer.from(x, "base64url").toString("hex")}`;
}

/** Whole or not at all: of two processes that make one at once, both use the one that was there first. */
function makeKey(path: string): KeyObject {
  const key = fresh();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const fd = openSync(draft, "wx", 0o600);
  try {
    writeSync(fd, key.export({ format: "pem", type: "pkcs8" }) as string);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    linkSync(draft, path);
    return key;
  } catch (error) {
    const theirs = readKey(path);
    if (theirs === undefined) throw invalid(path, "cannot be made", error);
    return theirs;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readKey(path: string): KeyObject | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalid(path, "cannot be read", error);
  }
  try {
    const mode = fstatSync(fd).mode & 0o777;
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      throw invalid(path, `is open to other users (mode ${mode.toString(8)}); make it yours alone with: chmod 600 ${path}`);
    const key = createPrivateKey(readFileSync(fd, "utf8"));
    if (key.asymmetricKeyType !== "ed25519") throw invalid(path, "is no Ed25519 key");
    return key;
  } catch (error) {
    if (HeddleError.is(error)) throw error;
    throw invalid(path, "holds no private key; move it away, and another is made", error);
  } finally {
    closeSync(fd);
  }
}

function invalid(path: string, why: string, cause?: unknown): HeddleError {
  return new HeddleError("config-invalid", `the audit key ${path} ${why}`, cause === undefined ? {} : { cause });
}
