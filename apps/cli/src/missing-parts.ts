/** What a bundle needs and does not bring: told before a run starts, which would wait for it, or fail, without another word. */
import type { Client } from "@heddle/client";
import { type BundleManifest, bodiesOf, capabilityOf, HeddleError, type Node, toolName } from "@heddle/core";

/** A line for each handler without code and each tool that nobody offers. */
export async function missingParts(
  client: Client,
  { workflows, handlers }: BundleManifest,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const served = handlers.filter(({ code }) => code === undefined).map(({ name }) => name);
  const tools = new Set(workflows.flatMap(({ nodes }) => toolsOf(nodes)).filter((tool) => capabilityOf(tool) === undefined));
  const offered = tools.size === 0 ? new Set<string>() : await toolsOffered(client, signal);
  return [
    ...served.map((name) => `handler ${name} has no code in this bundle: its steps wait for a worker that serves it`),
    ...[...tools]
      .filter((tool) => !offered.has(tool))
      .map((tool) =>
        tool.includes(".")
          ? `tool ${tool} is offered by no plugin; see which there are: heddle plugins list`
          : `tool ${tool} is not among those of the daemon, which its configuration names under tools: heddle tools list`,
      ),
  ];
}

function toolsOf(nodes: readonly Node[]): readonly string[] {
  return nodes.flatMap((node) => [
    ...(node.kind === "tool" ? [node.tool ?? node.capability] : []),
    ...bodiesOf(node).flatMap(({ body }) => toolsOf(body.nodes)),
  ]);
}

async function toolsOffered(client: Client, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const own = await client.tools.list({}, { signal });
  return new Set([...own.map(({ name }) => name), ...(await actionsOffered(client, signal))]);
}

async function actionsOffered(client: Client, signal: AbortSignal | undefined): Promise<readonly string[]> {
  try {
    const plugins = await client.plugins.list({}, { signal });
    return plugins.flatMap(({ name, actions }) => actions.map((action) => toolName(name, action.name)));
  } catch (error) {
    if (HeddleError.is(error, "unimplemented")) return [];
    throw error;
  }
}
