/** Sums up a V8 CPU profile: self time by function, and by package. */

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly where: string;
  readonly ms: number;
  /** Of all the time that was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly functions: readonly SelfTime[];
  readonly packages: readonly SelfTime[];
}

export function summarise({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const packages = new Map<string, number>();
  let busy = 0;
  let idle = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const us = timeDeltas[index] ?? 0;
    if (frame === undefined) return;
    if (frame.functionName === "(idle)") {
      idle += us;
      return;
    }
    busy += us;
    add(functions, functionOf(frame), us);
    add(packages, packageOf(frame), us);
  });
  const ranked = (of: ReadonlyMap<string, number>): SelfTime[] =>
    [...of].sort((a, b) => b[1] - a[1]).map(([where, us]) => ({ where, ms: us / 1_000, share: us / busy }));
  return { busyMs: busy / 1_000, idleMs: idle / 1_000, functions: ranked(functions), packages: ranked(packages) };
}

function add(sums: Map<string, number>, key: string, us: number): void {
  sums.set(key, (sums.get(key) ?? 0) + us);
}

/** `function (package/file:line)`. Functions of V8 and of bindings have no file. */
function functionOf(frame: CallFrame): string {
  const name = frame.functionName === "" ? "(anonymous)" : frame.functionName;
  return frame.url === "" ? `${name} (native)` : `${name} (${fileOf(frame.url)}:${frame.lineNumber + 1})`;
}

function packageOf(frame: CallFrame): string {
  if (frame.url === "") return frame.functionName.startsWith("(") ? frame.functionName : "native functions";
  return frame.url.startsWith("node:") ? "node" : (fileOf(frame.url).split("/")[0] as string);
}

function fileOf(url: string): string {
  const inPackage = /(?:packages|apps)\/([^/]+)\/(?:dist|src)\/(.+)$/.exec(url);
  if (inPackage !== null) return `${inPackage[1]}/${inPackage[2]}`;
  const installed = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url);
  if (installed !== null) return `${installed[1]}/${url.slice(url.lastIndexOf("/") + 1)}`;
  return url.startsWith("node:") ? url : `benchmarks/${url.slice(url.lastIndexOf("/") + 1)}`;
}
