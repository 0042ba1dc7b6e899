/**
 * When a node of a manifest fires, and what it sends: the keys of its config that say so, as fields of the IR.
 *
 * For a program, a template alone is a label that it is handed. It collects messages only where its config says how many,
 * until when, or by what: bundles whose reducers stand behind an aggregator mean one message at a time.
 */
import type { Expr, FireRule, JsonObject, JsonValue, Node } from "@heddle/core";
import { readPath } from "./conditions.ts";
import { flagAt, member, numberAt, present, textAt } from "./json-access.ts";
import type { SourceNode } from "./read-nodes.ts";

type Firing = Pick<Node, "fires" | "emits" | "emitsOnFailure" | "completes">;

export function firingOf({ agentType, template, config }: SourceNode): Firing {
  const type = textAt(config, "output_message_type");
  const completes = flagAt(config, "complete_job") ?? flagAt(config, "complete_run");
  switch (agentType) {
    case "router":
      return present({ emits: textAt(config, "emit_type") });
    case "sensor":
      return present({ emits: type, completes: completes === true ? Math.max(1, numberAt(config, "complete_after") ?? 1) : undefined });
    case "aggregator":
      return present({
        fires: collectionOf(config, flagAt(config, "complete_on_message") === true ? 1 : numberAt(config, "complete_after"), undefined),
        emits: type ?? null,
        completes: (completes ?? type === undefined) ? (true as const) : undefined,
      });
    default:
      return present({
        fires: firesOf(template, config),
        emits: emitsOf(config, type),
        emitsOnFailure: textAt(config, "failure_message_type"),
        completes: completes === true ? (true as const) : undefined,
      });
  }
}

function emitsOf(config: JsonObject, type: string | undefined): string | null | undefined {
  const given: JsonValue | undefined = Object.hasOwn(config, "output_message_type") ? config["output_message_type"] : undefined;
  return given === null ? null : type;
}

function firesOf(template: SourceNode["template"], config: JsonObject): FireRule | undefined {
  if (template === "stream") return { kind: "stream" };
  if (template === "batch") {
    const size = numberAt(config, "batch_size");
    return size === undefined ? undefined : collectionOf(config, size, true);
  }
  if (template !== "reduce") return undefined;
  const count = flagAt(config, "complete_on_message") === true ? 1 : numberAt(config, "complete_after");
  const says = count !== undefined || ["key", "end_message_type", "flush_after_ms"].some((name) => member(config, name) !== undefined);
  return says ? collectionOf(config, count, undefined) : undefined;
}

function collectionOf(config: JsonObject, count: number | undefined, partial: boolean | undefined): FireRule {
  const afterMs = numberAt(config, "flush_after_ms");
  return {
    kind: "collect",
    ...present({
      count: count === undefined ? undefined : Math.min(1_000_000, Math.max(1, Math.round(count))),
      key: keyOf(textAt(config, "key")),
      endType: textAt(config, "end_message_type"),
      afterMs: afterMs === undefined ? undefined : Math.max(0, Math.round(afterMs)),
      partial,
    }),
  };
}

/** A path like that of a condition. What is none is no key: the config is free to use the word otherwise. */
function keyOf(path: string | undefined): Expr | undefined {
  const read = path === undefined ? undefined : readPath(path);
  return read?.ok === true ? read.guard : undefined;
}
