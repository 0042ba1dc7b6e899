/** The order that the numbers of a backpressure policy have among themselves. */
import type { JsonObject } from "@heddle/core";
import { numberAt } from "./json-access.ts";

export function backpressureFault(policy: JsonObject): { readonly field: string; readonly message: string } | undefined {
  const depth = numberAt(policy, "max_queue_depth");
  const high = numberAt(policy, "high_watermark");
  const low = numberAt(policy, "low_watermark");
  if (high !== undefined && depth !== undefined && high > depth)
    return { field: "high_watermark", message: "must not be above max_queue_depth" };
  if (low !== undefined && high !== undefined && low > high) return { field: "low_watermark", message: "must not be above high_watermark" };
  if (low !== undefined && depth !== undefined && low > depth)
    return { field: "low_watermark", message: "must not be above max_queue_depth" };
  return undefined;
}
