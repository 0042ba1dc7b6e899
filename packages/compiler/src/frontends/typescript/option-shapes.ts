/** The shapes of options that the IR has under other names, or keeps as they are; every other option has that of its field. */
import { FailureClass, JsonObjectSchema, JsonValueSchema } from "@heddle/core";
import * as z from "zod";
import { durationMs } from "../../authoring/options.ts";

const texts = z.array(z.string().min(1));
const count = z.number().int().min(0);

const backpressure = z.looseObject({
  maxQueueDepth: z.number().int().min(1).exactOptional(),
  highWatermark: z.number().int().min(1).exactOptional(),
  lowWatermark: count.exactOptional(),
  retryAfterMs: count.exactOptional(),
});

const step = {
  backpressure: backpressure.exactOptional(),
  policy: z.string().min(1).exactOptional(),
  requiresServices: z.array(JsonValueSchema).exactOptional(),
  rawConfig: JsonObjectSchema.exactOptional(),
};

const aTime = "expected milliseconds, or a text like 30s or 5m";

const retries = z.strictObject({
  maxAttempts: z.number().int().min(1),
  backoffMs: count.exactOptional(),
  backoffMaxMs: count.exactOptional(),
  factor: z.number().exactOptional(),
  jitter: z.number().exactOptional(),
  on: z.array(FailureClass).exactOptional(),
  exceptCodes: z.array(z.string()).exactOptional(),
});

export const StepOptions = z.looseObject(step);

export const AgentOptions = z.looseObject({
  ...step,
  runner: z.enum(["host-local", "sandbox"]).exactOptional(),
  retries: retries.exactOptional(),
  timeout: z.union([count, z.string().refine((text) => durationMs(text) !== undefined, aTime)], aTime).exactOptional(),
});

export const WorkflowOptions = z.looseObject({
  streamMode: z.string().min(1).exactOptional(),
  recoveryMode: z.string().min(1).exactOptional(),
  deployment: z.union([z.string().min(1), JsonObjectSchema], "expected a key, or an object").exactOptional(),
  schedule: z.union([JsonObjectSchema, z.array(JsonObjectSchema)], "expected a schedule, or a list of them").exactOptional(),
  requiredServices: z.array(JsonValueSchema).exactOptional(),
  policies: z.looseObject({ restart: JsonObjectSchema.exactOptional(), reschedule: JsonObjectSchema.exactOptional() }).exactOptional(),
  backpressure: backpressure.exactOptional(),
  includes: texts.exactOptional(),
  excludes: texts.exactOptional(),
});
