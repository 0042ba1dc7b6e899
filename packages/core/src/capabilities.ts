/**
 * The capability catalog: the closed list of kinds of effect that a stage may have by name, with the
 * parameters that every tool behind one takes. Frontends check calls against it, policies bind its
 * required parameters, and the gate reads what a call may do.
 */
import type { Permission } from "./ir-parts.ts";

/** A parameter's type; `json` takes any value. */
export type CapabilityParameterType = "string" | "path" | "json";

export interface CapabilityParameter {
  readonly name: string;
  readonly type: CapabilityParameterType;
  /** Required parameters alone can be bound by a policy. */
  readonly required: boolean;
  /** A text that names more than a value, and is resolved before it is judged. Paths have a type of their own. */
  readonly names?: "url" | "command" | "script";
}

export interface Capability {
  readonly name: string;
  readonly parameters: readonly CapabilityParameter[];
  /** What a call may do to the world. */
  readonly permission: Permission;
}

const required = (name: string, type: CapabilityParameterType): CapabilityParameter => ({ name, type, required: true });
const optional = (name: string, type: CapabilityParameterType): CapabilityParameter => ({ name, type, required: false });

/** In the order in which documents list them. */
export const capabilityCatalog: readonly Capability[] = [
  { name: "fs.read", permission: "read", parameters: [required("path", "path")] },
  { name: "fs.write", permission: "modify", parameters: [required("path", "path"), required("content", "string")] },
  { name: "os.shell", permission: "modify", parameters: [{ ...required("command", "string"), names: "command" }] },
  { name: "user.elicit", permission: "read", parameters: [required("question", "string")] },
  { name: "user.confirm", permission: "read", parameters: [required("message", "string")] },
  {
    name: "http.fetch",
    // The method is a value of the run: what a call does to the other side is not known before.
    permission: "modify",
    parameters: [
      { ...required("url", "string"), names: "url" },
      required("method", "string"),
      optional("headers", "json"),
      optional("body", "json"),
    ],
  },
  { name: "browser.storage.read", permission: "read", parameters: [required("key", "string")] },
  { name: "browser.storage.write", permission: "modify", parameters: [required("key", "string"), required("value", "json")] },
  { name: "browser.js.run", permission: "modify", parameters: [required("code", "string"), required("input", "json")] },
  { name: "browser.js.sandbox", permission: "modify", parameters: [required("code", "string"), required("input", "json")] },
];

/** Kinds of effect of our own, which texts of the language that the catalog comes from cannot name. */
export const furtherCapabilities: readonly Capability[] = [
  /** Text that a shell interprets: what `os.shell` does not take. Policies on `os.shell` bind it too. */
  { name: "os.shell.script", permission: "modify", parameters: [{ ...required("script", "string"), names: "script" }] },
  { name: "kv.read", permission: "read", parameters: [required("key", "string")] },
  { name: "kv.write", permission: "modify", parameters: [required("key", "string"), required("value", "json")] },
];

const byName: ReadonlyMap<string, Capability> = new Map(capabilityCatalog.map((capability) => [capability.name, capability]));

const further: ReadonlyMap<string, Capability> = new Map(furtherCapabilities.map((capability) => [capability.name, capability]));

/** The capability of that name, in the catalog or among our own. */
export function anyCapabilityOf(name: string): Capability | undefined {
  return byName.get(name) ?? further.get(name);
}

/** The capability of that name, or undefined: the catalog is closed. */
export function capabilityOf(name: string): Capability | undefined {
  return byName.get(name);
}
