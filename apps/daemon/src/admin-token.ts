/**
 * The admin token of the machine's owner. The runtime keeps a hash only, so the daemon keeps the secret in
 * the data folder (`admin.token`, 0600) as well as in the token file of its address: a daemon that comes
 * back at another address is found by its owner's clients all the same.
 */
import { join } from "node:path";
import { HeddleError } from "@heddle/core";
import { readSecretFile, readTokenFile, writeSecretFile, writeTokenFile } from "@heddle/wire";

/** Where the token goes. */
export interface AdminTokenOptions {
  readonly dataDir: string;
  readonly address: string;
  /** The folder of the user's own files, where token files live. */
  readonly home: string;
  /** The secret of a fresh admin token, unless `known` is one already. */
  ensureAdminToken(known: string | undefined): Promise<string | undefined>;
}

/** Writes the token file of an address, and returns its path. Errors: `config-invalid`. */
export async function provideAdminToken(options: AdminTokenOptions): Promise<string> {
  const { dataDir, address, home } = options;
  const kept = join(dataDir, "admin.token");
  const known = readSecretFile(kept) ?? readTokenFile(address, home);
  const secret = (await options.ensureAdminToken(known)) ?? known;
  if (secret === undefined) throw new HeddleError("internal", "the engine gave no admin token");
  try {
    writeSecretFile(kept, secret);
    return writeTokenFile(address, secret, home);
  } catch (error) {
    const message = `the token file of ${address} cannot be written below ${home} or ${dataDir}`;
    throw new HeddleError("config-invalid", message, { cause: error });
  }
}
