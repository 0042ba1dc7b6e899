/** The screen: what a call may reach at all. */
export { denialOf, type ReasonCode, reasonCodes } from "./reason.ts";
export { type ScreenedCall, type ScreenRules, screenCall, screenReach } from "./screen.ts";
export { scriptCapability, shellCapability } from "./shell.ts";
