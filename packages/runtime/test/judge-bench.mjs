// How long judging takes: `node packages/runtime/test/judge-bench.mjs`, by hand. Prints the median and the 99th percentile of
// calls that no policy names, and of calls that fifty policies name, in microseconds.
import { compileGrant, compilePolicies, judge } from "../src/gate/judge/index.ts";

const hash = `sha256:${"0".repeat(64)}`;
const ref = (scope, name) => ({ kind: "ref", scope, name });
const lit = (value) => ({ kind: "literal", value });
const inputs = [{ name: "root", type: { kind: "path" } }];
const bind = { path: "path", content: "content" };

const call = {
  tool: "write_file",
  version: hash,
  capability: "fs.write",
  permission: "modify",
  args: { path: "/ws/src/deep/down/file.ts", content: "x".repeat(2_000) },
  paths: [{ parameter: "path", root: "workspace", real: "/ws/src/deep/down/file.ts", relative: "src/deep/down/file.ts", exists: true }],
  destinations: [],
  inputPaths: { root: "/ws" },
  policies: hash,
};

function contextOf(policies, more = {}) {
  return {
    policies: compilePolicies({ policies, inputs }),
    inputs: { root: "/ws" },
    base: "/ws",
    satisfied: new Set(),
    contents: new Map([[call.args.path, hash]]),
    builtin: "allow",
    grants: [],
    grantUses: new Map(),
    nowMs: 0,
    run: "run_00000000000000000000000000",
    bundle: hash,
    ...more,
  };
}

const inside = (i) => ({
  id: `inside-${i}`,
  kind: "deny",
  trigger: { capability: "fs.write", bind },
  condition: { kind: "not", of: { kind: "contains", left: ref("input", "root"), right: ref("bound", "path") } },
});
const names = (i) => ({
  id: `names-${i}`,
  kind: "deny",
  trigger: { capability: "fs.write", bind },
  condition: {
    kind: "or",
    of: [
      { kind: "eq", left: ref("bound", "path"), right: lit(`/ws/secret/${i}`) },
      { kind: "and", of: [{ kind: "starts-with", left: ref("bound", "content"), right: lit(`${i}!`) }, lit(true)] },
    ],
  },
});
const needs = (i) => ({
  id: `needs-${i}`,
  kind: "before",
  trigger: { capability: "fs.write", bind },
  requires: [
    { capability: "user.elicit", args: { question: lit(`question ${i}`) } },
    { capability: "fs.read", args: { path: ref("bound", "path") } },
  ],
});
const many = (make) => Array.from({ length: 50 }, (_, i) => make(i));

function measure(name, context, kind) {
  const verdict = judge(call, context);
  if (verdict.kind !== kind) throw new RangeError(`${name}: expected ${kind}, found ${JSON.stringify(verdict)}`);
  const batch = 20;
  const samples = [];
  for (let i = 0; i < 6_000; i++) {
    const start = process.hrtime.bigint();
    for (let j = 0; j < batch; j++) judge(call, context);
    if (i >= 1_000) samples.push(Number(process.hrtime.bigint() - start) / batch / 1_000);
  }
  samples.sort((a, b) => a - b);
  const at = (part) => (samples[Math.floor(samples.length * part)] ?? 0).toFixed(2);
  process.stdout.write(`${name.padEnd(60)} p50 ${at(0.5)} µs   p99 ${at(0.99)} µs\n`);
}

const elsewhere = many(inside).map((policy) => ({ ...policy, trigger: { capability: "os.shell", bind } }));
const grant = compileGrant({ id: "g", capability: "fs.write", scope: { kind: "bundle", bundle: hash }, paths: ["workspace:src/"] });
measure("no policy at all", contextOf([]), "allow");
measure("no policy at all, a grant with a path scope", contextOf([], { builtin: "ask", grants: [grant] }), "allow");
measure("50 policies on another capability", contextOf(elsewhere), "allow");
measure("50 deny policies on the path", contextOf(many(inside)), "allow");
measure("50 deny policies on path and content", contextOf(many(names)), "allow");
measure("25 deny policies, 25 with needs, all open", contextOf([...many(inside).slice(25), ...many(needs).slice(25)]), "needs");
measure("50 with needs, all open", contextOf(many(needs)), "needs");
