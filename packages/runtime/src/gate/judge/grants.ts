/**
 * Grants: consent given to a predicate of calls instead of to one call. A grant covers a call only where every part of
 * it says so; it never covers `admin`, and is never wider than what the capability manifest declares.
 */
import {
  type ContentHash,
  DestinationScope,
  destinationScopeCovers,
  destinationScopeHolds,
  type Expr,
  PathScope,
  type PreparedCall,
  pathScopeCovers,
  pathScopeHolds,
  type Reach,
  type RunId,
} from "@heddle/core";
import { compileCondition } from "./conditions.ts";
import { type Condition, type ConditionContext, faulty } from "./operand.ts";
import { argumentOperand } from "./references.ts";

export type GrantScope =
  | { readonly kind: "run"; readonly run: RunId }
  | { readonly kind: "session"; readonly session: string }
  | { readonly kind: "bundle"; readonly bundle: ContentHash };

export interface Grant {
  readonly id: string;
  readonly capability: string;
  readonly tool?: string;
  /** The most that a covered call may do; `admin` cannot be granted. Default `modify`. */
  readonly permission?: "read" | "modify";
  /** Path scopes: each path of a call is within one. Absent: not narrowed; `[]`: no path. */
  readonly paths?: readonly string[];
  /** Destination scopes: each destination of a call is within one. Absent: not narrowed; `[]`: none. */
  readonly destinations?: readonly string[];
  /** Strictly true of the arguments, which it reads as `bound` under their own names. */
  readonly where?: Expr;
  readonly scope: GrantScope;
  /** Calls that it covers in all. */
  readonly count?: number;
  /** Milliseconds since the epoch; at that moment it has ended. */
  readonly expiresAtMs?: number;
}

export interface CompiledGrant {
  readonly grant: Grant;
  readonly where?: Condition;
  /** Parts of `where` that never have a value: such a grant covers nothing. */
  readonly problems: readonly string[];
}

/** What a grant is held against beside the call. */
export interface GrantContext extends ConditionContext {
  readonly nowMs: number;
  readonly run: RunId;
  readonly session?: string;
  readonly bundle: ContentHash;
  /** Calls that each grant has covered so far, by its id. */
  readonly grantUses: ReadonlyMap<string, number>;
}

export function compileGrant(grant: Grant): CompiledGrant {
  const problems: string[] = [];
  if (grant.where === undefined) return { grant, problems };
  const where = compileCondition(grant.where, {
    bound: (name) => argumentOperand(grant.capability, name),
    input: (name) => faulty(`a grant reads the arguments of a call, and not the input ${name}`),
    report: (problem) => problems.push(problem),
  });
  return { grant, where, problems };
}

export function coveredBy({ grant, where }: CompiledGrant, call: PreparedCall, context: GrantContext): boolean {
  if (call.permission === "admin") return false;
  if (call.permission === "modify" && grant.permission === "read") return false;
  if (call.capability !== grant.capability) return false;
  if (grant.tool !== undefined && call.tool !== grant.tool) return false;
  if (!inScope(grant.scope, context)) return false;
  if (grant.expiresAtMs !== undefined && context.nowMs >= grant.expiresAtMs) return false;
  if (grant.count !== undefined && (context.grantUses.get(grant.id) ?? 0) >= grant.count) return false;
  const { paths, destinations } = grant;
  if (paths !== undefined && !call.paths.every((path) => paths.some((scope) => pathScopeHolds(scope, path)))) return false;
  if (destinations !== undefined && !call.destinations.every((each) => destinations.some((scope) => destinationScopeHolds(scope, each))))
    return false;
  return where === undefined || where(call, context) === true;
}

function inScope(scope: GrantScope, context: GrantContext): boolean {
  switch (scope.kind) {
    case "run":
      return scope.run === context.run;
    case "session":
      return scope.session === context.session;
    default:
      return scope.bundle === context.bundle;
  }
}

/**
 * Why a grant would be wider than what the capability manifest says, or could never cover anything; empty: it may be
 * created. What a grant leaves open is as wide as the manifest, since calls are screened against that one first.
 */
export function withinManifest(grant: Grant, reach: Pick<Reach, "capabilities" | "paths" | "destinations">): readonly string[] {
  const problems: string[] = [];
  const { capability, count, permission, paths = [], destinations = [] } = grant;
  if ((permission as string | undefined) === "admin") problems.push("admin cannot be granted: such a call is approved one by one");
  if (!reach.capabilities.includes(capability) && !reach.capabilities.includes("*")) {
    problems.push(`nothing in the bundle reaches ${capability}`);
  }
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) problems.push("count is a whole number of calls, 1 or more");
  for (const scope of paths) {
    if (!PathScope.safeParse(scope).success)
      problems.push(`${scope} is no path scope: write <root>:<path>, and a folder with a / at its end`);
    else if (!reach.paths.some((wide) => pathScopeCovers(wide, scope))) problems.push(`${scope} is wider than what the bundle reaches`);
  }
  for (const scope of destinations) {
    if (!DestinationScope.safeParse(scope).success) problems.push(`${scope} is no destination scope: write host, host:port, .suffix or *`);
    else if (!reach.destinations.some((wide) => destinationScopeCovers(wide, scope)))
      problems.push(`${scope} is wider than what the bundle reaches`);
  }
  return [...problems, ...compileGrant(grant).problems];
}
