/** A plugin inside the daemon: the same definition, called without a wire. */
import type { Failure, JsonValue } from "@heddle/core";
import type { LocalPlugin } from "@heddle/ports";
import { readyPlugin } from "./check-plugin.ts";
import { settingsOf } from "./config-values.ts";
import type { Progress } from "./declare.ts";
import { perform } from "./perform.ts";

/**
 * Makes a plugin callable in this process, with its settings at their defaults. What it throws has the
 * members of a failure: `code`, `message`, `retryable`, `details`.
 *
 * Errors: `plugin-invalid` with every problem; what its `configUpdated` throws.
 */
export async function localPlugin(plugin: unknown): Promise<LocalPlugin> {
  const ready = readyPlugin(plugin);
  await ready.form.configUpdated(settingsOf(ready.info, {}));
  return {
    info: ready.info,
    async execute(request, signal, log) {
      const outcome = await perform(ready, request, { signal, log, progress: (progress) => log("info", describeProgress(progress)) });
      if (outcome.kind === "succeeded") return outcome.result;
      throw outcome.kind === "failed" ? new CallFailed(outcome.failure) : new CallFailed({ code: "cancelled", message: "it was aborted" });
    },
    healthCheck: async () => void (await ready.form.healthCheck()),
  };
}

/** A failure as something to throw. Its stack says nothing, so there is none. */
class CallFailed {
  readonly code: string;
  readonly message: string;
  readonly failure: unknown;
  readonly retryable: boolean;
  readonly details: JsonValue | undefined;

  constructor(failure: Pick<Failure, "code" | "message"> & Partial<Failure>) {
    this.code = failure.code;
    this.message = failure.message;
    this.failure = failure;
    this.retryable = failure.retryable ?? false;
    this.details = failure.details;
  }
}

function describeProgress({ message, step, total }: Progress): string {
  const part = step === undefined ? undefined : total === undefined ? `step ${step}` : `step ${step} of ${total}`;
  return [part, message].filter((text) => text !== undefined).join(": ") || "progress";
}
