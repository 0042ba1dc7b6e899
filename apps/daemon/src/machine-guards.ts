/** What this machine lets a daemon hold apart: for whoever examines it. */
import { openingHere, probeSandbox, type SandboxAbility } from "@heddle/runtime";

export interface MachineGuards {
  readonly sandbox: SandboxAbility;
  /** How files are opened beneath a root: `compare` looks again afterwards whether a link was swapped. */
  readonly files: "handles" | "compare";
}

/** Tries what it tells: a program is started in a sandbox. */
export async function machineGuards(): Promise<MachineGuards> {
  return { sandbox: await probeSandbox(), files: openingHere() };
}
