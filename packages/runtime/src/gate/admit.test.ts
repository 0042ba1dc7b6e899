import { type BundleManifest, type Node, WorkflowIr } from "@heddle/core";
import { describe, expect, test } from "vitest";
import { admitBundle } from "./admit.ts";

const hash = `sha256:${"0".repeat(64)}` as const;

function manifestOf(handlers: BundleManifest["handlers"]): BundleManifest {
  const ir = WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id: "flow",
    discipline: "stages",
    inputs: [],
    entry: "end",
    nodes: [{ kind: "router", id: "end", exit: { output: { kind: "literal", value: null } } }],
    edges: [],
  });
  return { format: "heddle.bundle/v1", main: "flow", workflows: [ir], handlers, files: [{ path: "a.mjs", hash, bytes: 0 }] };
}

const coded = { name: "work", code: { file: "a.mjs", export: "work" } };
const node = (extra: Partial<Node> = {}): Node => ({ kind: "handler", id: "n", handler: "work", ...extra }) as Node;
const rules = { confinementMin: "process", provided: new Set<string>() } as const;

describe("admission", () => {
  test("lets through a handler that the bundle declares", () => {
    expect(admitBundle(manifestOf([coded]), rules).refuse(node())).toBeUndefined();
  });

  test("refuses one that it does not", () => {
    expect(admitBundle(manifestOf([]), rules).refuse(node())).toMatchObject({ code: "capability-denied", node: "n" });
  });

  test("refuses code with less confinement than the operator asks for, but not a function of the embedding program", () => {
    const unconfined = node({ confinement: "none" });
    expect(admitBundle(manifestOf([coded]), rules).refuse(unconfined)).toMatchObject({ code: "capability-denied" });
    expect(admitBundle(manifestOf([coded]), { ...rules, provided: new Set(["work"]) }).refuse(unconfined)).toBeUndefined();
    expect(admitBundle(manifestOf([coded]), { ...rules, confinementMin: "none" }).refuse(unconfined)).toBeUndefined();
  });

  describe("of the confinement sandbox", () => {
    const bubblewrap = {
      kind: "available",
      name: "bubblewrap",
      sandbox: { wrap: () => ({ line: [], environment: {}, instructions: new Uint8Array() }) },
    } as const;
    const none = { kind: "unavailable", why: "there is no program bwrap in PATH", remedy: "install bubblewrap" } as const;
    const wanting: readonly Node[] = [
      node({ confinement: "sandbox" }),
      { kind: "process", id: "n", config: {}, confinement: "sandbox" },
      { kind: "tool", id: "n", capability: "os.shell", confinement: "sandbox" },
    ];

    test.each(wanting)("lets $kind through where there is one, and says what to install where there is none", (wants) => {
      const manifest = manifestOf([coded]);
      expect(admitBundle(manifest, rules, bubblewrap).refuse(wants)).toBeUndefined();
      for (const ability of [none, undefined]) {
        expect(admitBundle(manifest, rules, ability).refuse(wants)).toMatchObject({
          code: "capability-denied",
          class: "denied",
          node: "n",
        });
      }
      expect(admitBundle(manifest, rules, none).refuse(wants)?.message).toContain("install bubblewrap");
      expect(admitBundle(manifest, { ...rules, confinementMin: "sandbox" }, bubblewrap).refuse(wants)).toBeUndefined();
    });

    test("asks it of every shell where the operator asks it of all code, and of no other tool", () => {
      const strict = { ...rules, confinementMin: "sandbox" } as const;
      for (const capability of ["os.shell", "os.shell.script"]) {
        const shell: Node = { kind: "tool", id: "n", capability };
        expect(admitBundle(manifestOf([]), strict, none).refuse(shell)).toMatchObject({ code: "capability-denied" });
        expect(admitBundle(manifestOf([]), rules, none).refuse(shell)).toBeUndefined();
      }
      expect(admitBundle(manifestOf([]), strict, none).refuse({ kind: "tool", id: "n", capability: "fs.read" })).toBeUndefined();
    });

    test("refuses a handler of workers, which nothing here confines", () => {
      const manifest = manifestOf([{ name: "work" }]);
      expect(admitBundle(manifest, { ...rules, workers: true }, bubblewrap).refuse(node({ confinement: "sandbox" }))).toMatchObject({
        code: "capability-denied",
      });
      expect(admitBundle(manifest, { ...rules, workers: true }, bubblewrap).refuse(node())).toBeUndefined();
    });

    test("refuses OpenShell by name, though there is a sandbox", () => {
      const config = { runner_module: "MirrorNeuron.Sandbox.OpenShell" };
      expect(
        admitBundle(manifestOf([]), rules, bubblewrap).refuse({ kind: "process", id: "n", config, confinement: "sandbox" }),
      ).toMatchObject({
        code: "unimplemented",
        message: expect.stringContaining("OpenShell is not driven yet"),
      });
    });
  });

  test("refuses a node whose secrets are not there, in the words of who knows", () => {
    const failure = { code: "secret-unresolved", message: "no", class: "denied", retryable: false } as const;
    const refusing = { ...rules, refuseSecrets: (given: Node) => (given.kind === "process" ? failure : undefined) };
    expect(admitBundle(manifestOf([coded]), refusing).refuse({ kind: "process", id: "n", config: {} })).toBe(failure);
    expect(admitBundle(manifestOf([coded]), refusing).refuse(node())).toBeUndefined();
  });

  test("refuses what a frontend knows cannot run, in its words", () => {
    const refusal = { code: "unimplemented", message: "BEAM modules do not run here" };
    expect(admitBundle(manifestOf([coded]), rules).refuse(node({ refusal }))).toMatchObject({ ...refusal, node: "n" });
  });
});
