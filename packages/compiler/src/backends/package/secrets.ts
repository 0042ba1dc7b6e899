/**
 * What looks like a secret: names of variables and files, and files that hold a private key. Pure. A look at names and
 * headers finds what was not meant to be there; it is no proof that nothing else is.
 */

/** Words of a name that stand for secrets, in lower case. */
const words: ReadonlySet<string> = new Set([
  "apikey",
  "auth",
  "cookie",
  "credential",
  "credentials",
  "jwt",
  "pass",
  "passphrase",
  "passwd",
  "password",
  "pat",
  "pwd",
  "secret",
  "secrets",
  "token",
  "tokens",
]);
const pairs: readonly string[] = [
  "access key",
  "api key",
  "private key",
  "signing key",
  "encryption key",
  "ssh key",
  "database url",
  "connection string",
];

/** Whether the name of a variable looks like that of a secret: `GITHUB_TOKEN`, `dbPassword`, `AWS_SECRET_ACCESS_KEY`. */
export function isSecretName(name: string): boolean {
  const parts = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const spaced = ` ${parts.join(" ")} `;
  return parts.some((part) => words.has(part)) || pairs.some((pair) => spaced.includes(` ${pair} `));
}

/** Whether an entry of `passEnv` is a pattern, which is passed on by nobody. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name);
}

const harmless = /\.(?:example|sample|template|dist|pub)$/;
const secretFiles: readonly RegExp[] = [
  /^\.env(?:\..+)?$/,
  /\.(?:pem|key|p12|pfx|jks|keystore|ppk|kdbx)$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /^(?:\.npmrc|\.yarnrc|\.pypirc|\.netrc|_netrc|\.git-credentials|\.htpasswd|\.pgpass|kubeconfig)$/,
  /^(?:client_)?(?:credentials?|secrets?).*\.(?:json|ya?ml|toml|ini)$/,
  /service[-_]?account.*\.json$/,
];
const privateKey = /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/;
const headBytes = 64 * 1024;

/** Why a file looks like a secret, in a few words; undefined where it does not. */
export function secretFileReason(path: string, bytes: Uint8Array): string | undefined {
  const name = (path.split("/").at(-1) ?? path).toLowerCase();
  if (!harmless.test(name) && secretFiles.some((pattern) => pattern.test(name))) return "it has the name of one";
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, headBytes));
  return privateKey.test(head) ? "it holds a private key" : undefined;
}
