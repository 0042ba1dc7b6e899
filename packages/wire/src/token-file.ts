/**
 * Token files: the secret for the daemon at an address, in `${HEDDLE_HOME or ~/.heddle}/tokens/<host>_<port>`,
 * readable by its owner only. The daemon writes them, clients read them; both take the naming from here.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { HeddleError } from "@heddle/core";
import { isLoopbackHost, parseAddress } from "./address.ts";

/** The folder of a user's own files: `HEDDLE_HOME`, or `~/.heddle`. */
export function heddleHome(env: Readonly<Record<string, string | undefined>>): string {
  const named = env["HEDDLE_HOME"];
  return named === undefined || named === "" ? join(homedir(), ".heddle") : named;
}

/** The file for an address. `localhost`, `127.0.0.1`, `::1` and a wildcard bind share one: they name this machine. */
export function tokenFilePath(address: string, home: string = heddleHome(process.env)): string {
  const { host, port } = parseAddress(address);
  const lower = host.toLowerCase();
  const wildcard = lower === "0.0.0.0" || lower === "::";
  const here = wildcard || (isLoopbackHost(lower) && (lower === "127.0.0.1" || !lower.startsWith("127.")));
  return join(home, "tokens", `${here ? "localhost" : lower.replace(/[^a-z0-9.-]/g, "-")}_${port}`);
}

/**
 * The secret for the daemon at an address; undefined where there is no file.
 *
 * @throws HeddleError `config-invalid` when others may read or change the file: it is no secret then.
 */
export function readTokenFile(address: string, home: string = heddleHome(process.env)): string | undefined {
  return readSecretFile(tokenFilePath(address, home));
}

/** Writes the secret for the daemon at an address, mode 0600, whole or not at all. Returns the path. */
export function writeTokenFile(address: string, secret: string, home: string = heddleHome(process.env)): string {
  const path = tokenFilePath(address, home);
  mkdirSync(join(home, "tokens"), { recursive: true, mode: 0o700 });
  writeSecretFile(path, secret);
  return path;
}

/** Reads a file that only its owner may read; undefined where there is none. Errors as of {@link readTokenFile}. */
export function readSecretFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw new HeddleError("config-invalid", `the token file ${path} cannot be read`, { cause: error });
  }
  try {
    const mode = fstatSync(fd).mode & 0o777;
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new HeddleError(
        "config-invalid",
        `the token file ${path} is open to other users (mode ${mode.toString(8)}); make it yours alone with: chmod 600 ${path}`,
      );
    }
    const secret = readFileSync(fd, "utf8").trim();
    return secret === "" ? undefined : secret;
  } finally {
    closeSync(fd);
  }
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writeSecretFile(path: string, secret: string): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  writeFileSync(draft, `${secret}\n`, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
