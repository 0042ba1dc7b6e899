/** Who may call which method of RuntimeApi, as data. The runtime enforces it, so it holds on every wire and in process. */
import type { RuntimeApi } from "./api.ts";
import type { Role } from "./ir-parts.ts";

/** `group.method`. */
export type MethodName = { [Group in keyof RuntimeApi & string]: `${Group}.${keyof RuntimeApi[Group] & string}` }[keyof RuntimeApi &
  string];

export interface MethodAccess {
  /** One of these roles is enough. */
  readonly roles: readonly Role[];
  /** What the method asks besides, of what it is called for. */
  readonly further?: string;
}

const everyone: MethodAccess = { roles: ["operator", "engineer", "admin"] };
const engineers: MethodAccess = { roles: ["engineer", "admin"] };
const admins: MethodAccess = { roles: ["admin"] };
const approvers: MethodAccess = { ...everyone, further: "approver" };

/** Every method. `further: "approver"`: a yes counts of those alone whom `refuseApprover` lets. */
export const methodAccess: Readonly<Record<MethodName, MethodAccess>> = {
  "bundles.put": everyone,
  "bundles.get": everyone,
  "bundles.list": everyone,
  "bundles.delete": everyone,
  "runs.start": everyone,
  "runs.get": everyone,
  "runs.list": everyone,
  "runs.events": everyone,
  "runs.follow": everyone,
  "runs.logs": everyone,
  "runs.result": everyone,
  "runs.pause": everyone,
  "runs.resume": everyone,
  "runs.cancel": everyone,
  "runs.signal": everyone,
  "runs.answer": approvers,
  "runs.query": everyone,
  "runs.retry": everyone,
  "runs.delete": everyone,
  "runs.why": everyone,
  "calls.list": everyone,
  "calls.settle": everyone,
  "approvals.list": everyone,
  "approvals.get": everyone,
  "approvals.approve": approvers,
  "approvals.reject": everyone,
  "approvals.follow": everyone,
  "interruptions.list": everyone,
  "interruptions.answer": everyone,
  "interruptions.decline": everyone,
  "grants.list": everyone,
  "grants.create": engineers,
  "grants.revoke": engineers,
  "hooks.list": everyone,
  "hooks.register": admins,
  "hooks.delete": admins,
  "deadLetters.list": everyone,
  "deadLetters.replay": everyone,
  "tools.list": everyone,
  "tools.invoke": everyone,
  "plugins.list": everyone,
  "plugins.register": everyone,
  "plugins.heartbeat": everyone,
  "plugins.deregister": everyone,
  "plugins.invoke": everyone,
  "nodes.add": engineers,
  "nodes.list": everyone,
  "nodes.remove": engineers,
  "nodes.invoke": everyone,
  "tokens.create": admins,
  "tokens.list": admins,
  "tokens.revoke": admins,
  "audit.head": everyone,
  "audit.export": everyone,
  "audit.explain": everyone,
  "runtime.status": everyone,
};

/** Why somebody with these roles may not call the method; undefined where they may. */
export function refuseMethod(method: MethodName, roles: readonly Role[]): string | undefined {
  const { roles: wanted } = methodAccess[method];
  return wanted.some((role) => roles.includes(role)) ? undefined : `${method} is for the role ${wanted.join(" or ")}`;
}
