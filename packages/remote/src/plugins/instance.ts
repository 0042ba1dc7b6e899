/** What carries out the actions of a plugin: this process, or another one. The host knows no difference. */
import type { Action, ExecuteRequest, PluginInfo, PluginInstance } from "@heddle/core";
import type { AbortHandle, Outcome, Task } from "@heddle/ports";

/** One call of an action that was checked. */
export interface InstanceCall {
  readonly task: Task;
  readonly request: ExecuteRequest;
  readonly abort: AbortHandle;
}

export interface Instance {
  readonly info: PluginInfo;
  readonly actions: ReadonlyMap<string, Action>;
  /** It takes calls. */
  readonly isReady: boolean;
  /** Calls that it takes at a time. */
  readonly slots: number;
  readonly inFlight: number;
  view(): PluginInstance;
  /** Carries out a call and keeps its time. Settles once, within a grace also after an abort; never rejects. */
  call(call: InstanceCall): Promise<Outcome>;
  /** Asks it whether it can do its work; what it answers, or that it does not, is part of `view` from then on. Never rejects. */
  checkHealth(withinMs: number): Promise<void>;
  /** Takes no more calls, finishes those it has, and ends; after a while it ends all the same. */
  drain(): Promise<void>;
  /** Ends now: what it carries out is lost. */
  end(why: string): void;
}

/** The actions of a plugin by name. */
export function actionsOf(info: PluginInfo): ReadonlyMap<string, Action> {
  return new Map(info.actions.map((action) => [action.name, action]));
}
