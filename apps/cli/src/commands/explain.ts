/** `heddle explain`: what a bundle can reach, the confinement of its code first. Speaks to nobody. */
import { type CapabilityManifest, type NodeReach, type Reach, reachOfBundle } from "@heddle/core";
import { loadBundle } from "../bundle-source.ts";
import { type CommandSpec, UsageError } from "../command.ts";
import { fields } from "../printer.ts";
import { problemLines } from "../report-error.ts";
import { plainText } from "../style.ts";

export const explain: CommandSpec = {
  name: "explain",
  args: "[target]",
  summary: "Print what a workflow can reach: confinement, capabilities, destinations, paths",
  example: "heddle explain flow.ts",
  async run({ context, args: [path], printer }) {
    if (path === undefined) throw new UsageError("name a bundle folder or an authoring file", "write: heddle explain flow.ts");
    const { manifest, hash, problems } = await loadBundle(context, path);
    for (const line of problemLines(problems)) printer.note(line);
    const reach = manifest.capabilities ?? reachOfBundle(manifest);
    printer.answer({ hash, ...reach }, () => explained(reach));
    return 0;
  },
};

/** What a confinement holds, in one clause. */
const confinementWords: Readonly<Record<Reach["confinement"] & string, string>> = {
  none: "none: its code may do whatever the user of the daemon may",
  worker: "worker: its code runs in processes of its owner, which Heddle does not confine",
  process: "process: no inherited environment, bounded memory; files and network are not confined",
  sandbox: "sandbox: files and network by policy",
};

function explained({ total, workflows }: CapabilityManifest): string[] {
  return [
    ...reachLines(total),
    ...workflows.flatMap(({ workflow, total: own, nodes }) => [
      "",
      plainText(`workflow ${workflow}`),
      ...(workflows.length === 1 ? [] : reachLines(own).map((line) => `  ${line}`)),
      ...(nodes.length === 0 ? ["  no node of its own reaches anything"] : nodes.map(nodeLine)),
    ]),
  ];
}

function reachLines({ confinement, permission, capabilities, destinations, paths, outside }: Reach): string[] {
  return fields({
    confinement: confinement === undefined ? "it runs no code of its own" : confinementWords[confinement],
    permission: permission ?? "it makes no calls",
    capabilities: listed(capabilities),
    destinations: listed(destinations),
    paths: listed(paths),
    ...(outside.length === 0 ? {} : { outside: listed(outside) }),
  });
}

function nodeLine({ node, kind, confinement, permission, capabilities, destinations, paths, outside }: NodeReach): string {
  const parts = [
    confinement,
    permission,
    ...capabilities,
    ...destinations.map((each) => `to ${each}`),
    ...paths.map((each) => `at ${each}`),
    ...outside,
  ];
  return plainText(`  ${node} (${kind}): ${parts.filter((part) => part !== undefined).join(", ")}`);
}

function listed(entries: readonly string[]): string {
  return entries.length === 0 ? "none" : plainText(entries.map((each) => (each === "*" ? "any" : each)).join(", "));
}
