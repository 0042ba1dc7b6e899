/** `heddle diff`: how what a bundle can reach changes. Widening fails, unless it is allowed by name. Speaks to nobody. */
import { type CapabilityManifest, type ReachChange, reachChanges, reachOfBundle } from "@heddle/core";
import { loadBundle } from "../bundle-source.ts";
import { type CommandSpec, didYouMean, type Invocation, UsageError } from "../command.ts";
import { plainText } from "../style.ts";

export const diff: CommandSpec = {
  name: "diff",
  args: "[old] [new]",
  summary: "Compare what two bundles can reach; fails where the new one reaches more",
  example: "heddle diff released/ flow.ts --allow capability:fs.write",
  options: [{ flags: "--allow <name>", summary: "accept this widening, as diff names it", repeat: true }],
  async run(invocation) {
    const { args, options, printer } = invocation;
    const [before, after] = [await reachAt(invocation, args[0]), await reachAt(invocation, args[1])];
    const changes = reachChanges(before, after);
    const allowed = new Set(options.texts("allow"));
    refuseUnknown(allowed, changes);
    const refused = changes.filter(({ change, name }) => change === "widened" && !allowed.has(name));
    printer.answer({ changes, refused: refused.map(({ name }) => name) }, () =>
      changes.length === 0 ? ["both reach the same"] : changes.map((each) => lineOf(each, allowed)),
    );
    if (refused.length === 0) return 0;
    const names = [...new Set(refused.map(({ name }) => `--allow ${name}`))];
    printer.note(
      `${printer.notePaint("red", "error:")} the new bundle reaches more than the old one; to accept it: ${plainText(names.join(" "))}`,
    );
    return 1;
  },
};

async function reachAt({ context }: Invocation, path: string | undefined): Promise<CapabilityManifest> {
  if (path === undefined) throw new UsageError("name two bundle folders or authoring files", "write: heddle diff old/ new/");
  const { manifest } = await loadBundle(context, path);
  return manifest.capabilities ?? reachOfBundle(manifest);
}

/** A name that allows nothing is a mistake: a review that never saw the change would pass. */
function refuseUnknown(allowed: ReadonlySet<string>, changes: readonly ReachChange[]): void {
  const widened = changes.filter(({ change }) => change === "widened").map(({ name }) => name);
  for (const name of allowed) {
    if (!widened.includes(name)) throw new UsageError(`--allow ${name} names nothing that is widened${didYouMean(name, widened)}`);
  }
}

function lineOf({ change, name, message }: ReachChange, allowed: ReadonlySet<string>): string {
  const sign = change === "narrowed" ? "-" : allowed.has(name) ? "+ (allowed)" : "+";
  return plainText(`${sign} ${message}  [${name}]`);
}
