import { describe, expect, test } from "vitest";
import { isPattern, isSecretName, secretFileReason } from "./secrets.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("what looks like a secret", () => {
  test.each([
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "password",
    "dbPassword",
    "DB_PASS",
    "OPENAI_API_KEY",
    "apiKey",
    "SSH_PRIVATE_KEY",
    "npm_config__auth",
    "DATABASE_URL",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "*_TOKEN",
  ])("the variable %s", (name) => expect(isSecretName(name)).toBe(true));

  test.each(["PATH", "HOME", "LANG", "NODE_ENV", "KEYBOARD", "TOKENIZER_PATH", "AUTHOR", "COMPASS", "MONKEY", "PUBLIC_KEY_PATH", "REGION"])(
    "but not the variable %s",
    (name) => expect(isSecretName(name)).toBe(false),
  );

  test("patterns are told apart from names", () => {
    expect(["*", "AWS_*", "A?B", "AWS_REGION"].filter(isPattern)).toEqual(["*", "AWS_*", "A?B"]);
  });

  test.each([
    ".env",
    "app/.env.production",
    "tls/server.pem",
    "private.key",
    "id_rsa",
    ".ssh/id_ed25519",
    ".npmrc",
    "credentials.json",
    "conf/credentials-prod.json",
    "gcp-service-account.json",
    "client_secret_1.json",
    "cert.p12",
  ])("the file %s", (path) => expect(secretFileReason(path, bytes("x"))).toBe("it has the name of one"));

  test.each([".env.example", "id_rsa.pub", "src/keys.ts", "environment.md", "key.md", "secretary.md", "monkey.txt"])(
    "but not the file %s",
    (path) => expect(secretFileReason(path, bytes("x"))).toBeUndefined(),
  );

  test.each(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])(
    "a file with the header of a %s",
    (header) => expect(secretFileReason("notes.txt", bytes(`# mine\n-----BEGIN ${header}-----\nAA`))).toBe("it holds a private key"),
  );

  test("but not a public one", () => {
    expect(secretFileReason("notes.txt", bytes("-----BEGIN PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----"))).toBeUndefined();
  });
});
