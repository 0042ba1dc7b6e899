/** References to secrets: what bundles, calls and the store hold in the place of a value, and where an operator says it is found. */
import * as z from "zod";
import type { Node } from "./ir.ts";

export const secretScheme = "secret://";

/** What follows the scheme. */
export const SecretName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/, "expected a name: letters, digits, - _ and . alone, a letter first");
export type SecretName = z.infer<typeof SecretName>;

/** Where the value of a secret is found; exactly one of `env`, `file` and `command`. */
export const SecretSource = z
  .strictObject({
    /** A variable of the runtime's environment. */
    env: z.string().min(1).max(256).exactOptional(),
    /** A file that its owner alone may read: mode 0600 or less. One line end behind the value is no part of it. */
    file: z.string().min(1).max(4_096).exactOptional(),
    /** A program and its arguments; what it prints is the value. Asked once in a process. */
    command: z.array(z.string()).min(1).max(100).exactOptional(),
    /** Hosts that calls may send it to in a header: `host`, `host:port`, `.suffix`. Default none. */
    hosts: z.array(z.string().min(1)).exactOptional(),
  })
  .refine(
    ({ env, file, command }) => [env, file, command].filter((each) => each !== undefined).length === 1,
    "expected exactly one of env, file and command",
  );
export type SecretSource = z.infer<typeof SecretSource>;

/** The name in a reference, whether or not it is a name. Undefined: this text is no reference. */
export function secretNameOf(text: string): string | undefined {
  return text.startsWith(secretScheme) ? text.slice(secretScheme.length) : undefined;
}

/** A header may say how its secret is used: `secret://name`, or `Bearer secret://name`. Undefined: it holds no reference. */
export function secretInHeader(value: string): { readonly prefix: string; readonly name: string } | undefined {
  const [, prefix = "", name] = /^((?:[A-Za-z][A-Za-z0-9-]* )?)secret:\/\/(.*)$/s.exec(value) ?? [];
  return name === undefined ? undefined : { prefix, name };
}

/** The names of the secrets in the environment of a node, whether or not they are names. */
export function secretsOfNode(node: Node): readonly string[] {
  if (node.kind !== "process" && node.kind !== "handler") return [];
  const values = [
    ...Object.values(node.environment ?? {}),
    ...(node.kind === "process" ? Object.values(node.config.environment ?? {}) : []),
  ];
  return values.flatMap((value) => (typeof value === "string" ? (secretNameOf(value) ?? []) : []));
}
