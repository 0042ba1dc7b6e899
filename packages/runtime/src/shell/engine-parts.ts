/** What the engine gives to each driver. */
import type { HeddleError, JsonObject, RunId, TenantId } from "@heddle/core";
import type { Clock, Outcome, Random, Store, Task } from "@heddle/ports";
import type { AuditedAppend } from "../audit/audited-append.ts";
import type { Gate } from "../gate/gate.ts";
import type { LiveRun } from "../machine/index.ts";
import type { AttemptAbort } from "./abort.ts";
import type { LoadedWorkflow } from "./bundles.ts";
import type { FlowControl } from "./flow-control.ts";
import type { Inbox } from "./inbox.ts";

/** A driver, as the engine sees it from the parts it hands out. */
export interface Driven {
  readonly id: RunId;
  readonly tenant: TenantId;
  readonly stream: string;
  readonly workflow: LoadedWorkflow;
  readonly live: LiveRun;
}

export interface ChildWanted {
  readonly child: RunId;
  readonly workflow: string;
  readonly input: JsonObject;
  readonly parent: Driven;
  readonly activation: number;
  readonly node: string;
  readonly deadlineMs: number | undefined;
}

/** What drivers share. */
export interface EngineParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly gate: Gate;
  readonly flow: FlowControl;
  readonly inbox: Inbox;
  /** Appends the events of a run; what concerns calls is audited. */
  readonly append: AuditedAppend;
  readonly incarnation: string;
  readonly epoch: number;
  runChild(wanted: ChildWanted, abort: AttemptAbort): Promise<Outcome>;
  /** Cancels a child run, if it was ever started, and resolves when it has ended. */
  endChild(child: RunId, parent: Driven): Promise<void>;
  log(
    driver: Driven,
    record: Parameters<Task["services"]["log"]>[0] & { readonly node: string; readonly activation: number; readonly attempt: number },
  ): void;
  /** The run has ended, or was never started: its driver may go. */
  ended(driver: Driven): void;
  superseded(driver: Driven, error: HeddleError): void;
  /** The driver has stopped: its run has met a bug. */
  bug(driver: Driven, bug: unknown): void;
  /** A bug that the run survives. */
  report(driver: Driven, bug: unknown): void;
  fatal(error: unknown): void;
}
