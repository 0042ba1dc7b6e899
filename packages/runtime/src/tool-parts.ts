/** What a runtime's own tools work with, from its options: the registry, the guards and their executor. */
import { createToolRegistry, defaultRoot, HeddleError, type Tool, type ToolRegistry } from "@heddle/core";
import type { Clock, Executor, Random } from "@heddle/ports";
import { createToolsExecutor, type ToolsOptions } from "./executors/tools.ts";
import type { PrepareParts } from "./gate/prepare-call.ts";
import { type HostRule, parseHostRules } from "./guards/destinations/host-rules.ts";
import { createHttpGuard } from "./guards/destinations/http-guard.ts";
import { createFileGuard } from "./guards/files/file-guard.ts";
import { isRefusal } from "./guards/refusal.ts";

/** What a runtime is given for the calls of its own tools. */
export interface ToolOptions {
  /** Tools that nodes may call; each is reached through the gate alone. */
  readonly tools?: ToolRegistry | readonly Tool[];
  /** Folders by name, beneath which paths of calls have to lie. Default: `workspace`, the folder that this process runs in. */
  readonly roots?: Readonly<Record<string, string>>;
  /** Hosts that calls may reach: `host`, `host:port`, `.suffix`, or `*` for all public ones. Default `["*"]`; `[]`: none. */
  readonly allowedHosts?: readonly string[];
  /** Those of them that may be private: loopback, local networks. Default none. */
  readonly privateHosts?: readonly string[];
}

export interface ToolParts {
  readonly preparing: Omit<PrepareParts, "plugins">;
  executor(graceMs: number, confining: Pick<ToolsOptions, "secrets" | "sandbox" | "sandboxed">): Executor;
}

/** @throws HeddleError `tool-invalid`, and `config-invalid` for roots and hosts that cannot be read. */
export function toolParts(
  { tools = [], roots, allowedHosts = ["*"], privateHosts = [] }: ToolOptions,
  clock: Clock,
  random: Random,
): ToolParts {
  const folders = roots ?? { [defaultRoot]: process.cwd() };
  const registry = "get" in tools ? tools : createToolRegistry(tools);
  const files = createFileGuard({ roots: folders, random });
  const destinations = { rules: hostRules(allowedHosts, "allowedHosts"), privateRules: hostRules(privateHosts, "privateHosts") };
  // Relative paths are beneath the default root; without one there is nothing that they could be relative to but the first.
  const base = folders[defaultRoot] ?? Object.values(folders)[0] ?? "/";
  return {
    preparing: { registry, files, base, destinations },
    executor: (graceMs, confining) =>
      createToolsExecutor({
        registry,
        files,
        destinations,
        http: createHttpGuard({ clock }),
        ...confining,
        programs: { environment: programEnvironment(), folder: base },
        clock,
        graceMs,
      }),
  };
}

/** Programs find other programs, and inherit nothing else. */
function programEnvironment(): Readonly<Record<string, string>> {
  const { PATH } = process.env;
  return { ...(PATH === undefined ? {} : { PATH }), LANG: "C.UTF-8" };
}

function hostRules(texts: readonly string[], option: string): readonly HostRule[] {
  const rules = parseHostRules(texts);
  if (isRefusal(rules)) throw new HeddleError("config-invalid", `${option}: ${rules.message}`);
  return rules;
}
