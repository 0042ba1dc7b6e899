/** The runtime service. */
import { RuntimeStatus } from "@heddle/core";
import { NoFields } from "./answers.ts";
import { RuntimeServiceService } from "./gen/heddle/runtime/v1/runtime.js";
import { present, wireMethod } from "./method.ts";
import { int, num } from "./scalars.ts";

/** Every method of `RuntimeGroupApi`, by its name there. */
export const runtimeWire = {
  status: wireMethod(RuntimeServiceService.getRuntimeStatus, {
    request: NoFields,
    response: RuntimeStatus,
    toRequest: () => ({}),
    fromRequest: () => ({}),
    toResponse: ({ version, incarnation, startedAtMs, openRuns, storage }) => ({
      version,
      incarnation,
      startedAtMs: num(startedAtMs),
      openRuns: mapValues(openRuns, num),
      storage: present(storage),
    }),
    fromResponse: ({ version, incarnation, startedAtMs, openRuns, storage }) => ({
      version,
      incarnation,
      startedAtMs: int(startedAtMs),
      openRuns: mapValues(openRuns, int),
      storage,
    }),
  }),
};

function mapValues<From, To>(record: Readonly<Record<string, From>>, convert: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value)]));
}
