/** Opens a system by its name, and refuses one whose commits are not synced. */
import { openBareJournal } from "./bare-journal.ts";
import { openHeddle } from "./heddle.ts";
import { assertDurable, type System, type SystemName, type SystemOptions } from "./system.ts";

export async function openSystem(name: SystemName, options: SystemOptions): Promise<System> {
  const system = name === "bare" ? openBareJournal(options) : await openHeddle(options);
  assertDurable(system.settings);
  return system;
}
