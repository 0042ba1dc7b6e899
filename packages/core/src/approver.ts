/** Who may say yes: what the permission of a call asks for, and what its rule asks for besides. */
import type { ApprovalRule, Permission, Role } from "./ir-parts.ts";

export interface ApproverQuestion {
  /** Of the call; absent where a workflow asks for itself. */
  readonly permission?: Permission | undefined;
  readonly rule?: ApprovalRule | undefined;
  /** Who asks to be counted; absent: somebody without a name, who counts as nobody in particular. */
  readonly by?: string | undefined;
  readonly roles: readonly Role[];
  /** Who started the run. */
  readonly requester?: string | undefined;
  /** Who said yes before. */
  readonly given: readonly string[];
}

const rolesFor: Readonly<Record<Permission, readonly Role[]>> = {
  read: ["operator", "engineer", "admin"],
  modify: ["engineer", "admin"],
  admin: ["admin"],
};

/** Why this person's yes does not count; undefined where it does. */
export function refuseApprover({ permission, rule, by, roles, requester, given }: ApproverQuestion): string | undefined {
  if (permission !== undefined && !rolesFor[permission].some((role) => roles.includes(role)))
    return `a call that may ${permission} is approved by ${rolesFor[permission].join(" or ")}`;
  if (rule?.roles !== undefined && !rule.roles.some((role) => roles.includes(role)))
    return `this is approved by ${rule.roles.join(" or ")}`;
  if (rule?.notRequester === true && (by === undefined || by === requester)) return "whoever started the run may not approve it";
  if ((rule?.quorum ?? 1) > 1 && by === undefined) return "several people have to agree, and this one has no name";
  if (by !== undefined && given.includes(by)) return `${by} has agreed already; someone else has to`;
  return undefined;
}
