/**
 * An executor whose outcomes, logs and failures hold no value of a secret.
 *
 * A value that would become part of the journal by intention, recorded with `once` or given to a call, is refused
 * instead: a later attempt could not do its work with what is left of it.
 */
import { failureOf, HeddleError } from "@heddle/core";
import type { Executor, Outcome, Task, TaskServices } from "@heddle/ports";
import type { Redactor } from "./redactor.ts";

export function redactingExecutor(executor: Executor, redactor: Redactor): Executor {
  return {
    ...(executor.keepsTime === undefined ? {} : { keepsTime: executor.keepsTime }),
    async execute(task, abort) {
      const outcome = await executor.execute({ ...task, services: redactingServices(task, redactor) }, abort);
      return redactedOutcome(outcome, redactor);
    },
    close: () => executor.close(),
  };
}

function redactingServices({ services, node }: Task, redactor: Redactor): TaskServices {
  return {
    once: (name) => services.once(name),
    recorded: () => services.recorded(),
    waiting: (reason) => services.waiting(reason),
    recordOnce(name, value) {
      if (!redactor.finds(value)) return services.recordOnce(name, value);
      const message = `once(${JSON.stringify(name)}) would record the value of a secret: record what it was used for instead`;
      return Promise.reject(new HeddleError("value-invalid", message));
    },
    call(wanted) {
      if (!redactor.finds(wanted.args)) return services.call(wanted);
      const message = `${node.id} calls ${wanted.tool} with the value of a secret: give its reference, in a header`;
      return Promise.resolve({ kind: "failed", failure: failureOf("call-denied", message, "denied", { node: node.id }) });
    },
    log({ fields, ...record }) {
      const clean = fields === undefined ? {} : { fields: redactor.inValue(fields) };
      services.log({ ...record, ...clean, text: redactor.inTelling(record.text) });
    },
  };
}

function redactedOutcome(outcome: Outcome, redactor: Redactor): Outcome {
  switch (outcome.kind) {
    case "succeeded": {
      const result = redactor.inValue(outcome.result);
      return result === outcome.result ? outcome : { ...outcome, result };
    }
    case "failed":
      return { ...outcome, failure: redactor.inFailure(outcome.failure) };
    case "lost":
      return { ...outcome, message: redactor.inTelling(outcome.message) };
    default:
      return outcome;
  }
}
