/**
 * Reach: the places that calls may touch, as printed in a capability manifest, and whether one covers
 * another. Two small closed notations, so that covering can be decided.
 *
 * A path scope is `<root>:<path>`: that file, or everything beneath where it ends in `/`; `<root>:` is the
 * whole root. A destination scope is `host`, `host:port`, or `.suffix` for every host beneath a domain.
 * `*` covers everything of its kind.
 */
import * as z from "zod";

/** The root that paths without a root's name are beneath. */
export const defaultRoot = "workspace";

const pathScopeForm = /^(?:\*|[A-Za-z0-9_.-]{1,64}:(?!\/)[^\\]*)$/;
const destinationScopeForm = /^(?:\*|\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?)$/;

export const PathScope = z
  .string()
  .max(1_024)
  .refine(
    (scope) => pathScopeForm.test(scope) && !/\p{Cc}/u.test(scope) && !scope.split(/[:/]/).some((part) => part === ".." || part === "."),
    "expected * or <root>:<path> without . and .. parts; a folder ends in /",
  );
export const DestinationScope = z
  .string()
  .max(300)
  .refine((scope) => destinationScopeForm.test(scope), "expected *, host, host:port or .suffix, in lower-case ASCII");

/** A path as authors write it, as a scope: relative to the default root unless it names one. Undefined where it leaves its root. */
export function pathScopeOf(path: string): string | undefined {
  const [, root = defaultRoot, rest = ""] = /^(?:([A-Za-z0-9_.-]{2,64}):)?(.*)$/s.exec(path) ?? [];
  if (rest.startsWith("/") || rest.includes("\\")) return undefined;
  const parts: string[] = [];
  for (const part of rest.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  const folder = parts.length > 0 && /(?:^|\/)\.{0,2}$/.test(rest);
  const scope = `${root}:${parts.join("/")}${folder ? "/" : ""}`;
  return PathScope.safeParse(scope).success ? scope : undefined;
}

/** Whether everything in `inner` is in `outer`. */
export function pathScopeCovers(outer: string, inner: string): boolean {
  if (outer === "*" || outer === inner) return true;
  if (inner === "*") return false;
  const [outerRoot, outerPath] = split(outer);
  const [innerRoot, innerPath] = split(inner);
  if (outerRoot !== innerRoot) return false;
  if (outerPath === "") return true;
  return outerPath.endsWith("/") && (innerPath.startsWith(outerPath) || innerPath === outerPath.slice(0, -1));
}

/** Whether a resolved path is within a scope. */
export function pathScopeHolds(scope: string, path: { readonly root: string; readonly relative: string }): boolean {
  return pathScopeCovers(scope, `${path.root}:${path.relative}`);
}

function split(scope: string): readonly [root: string, path: string] {
  const colon = scope.indexOf(":");
  return [scope.slice(0, colon), scope.slice(colon + 1)];
}

/** Whether every destination of `inner` is one of `outer`. */
export function destinationScopeCovers(outer: string, inner: string): boolean {
  if (outer === "*" || outer === inner) return true;
  if (inner === "*") return false;
  const [outerHost, outerPort] = hostAndPort(outer);
  const [innerHost, innerPort] = hostAndPort(inner);
  if (outerPort !== undefined && outerPort !== innerPort) return false;
  return outerHost.startsWith(".") ? innerHost.endsWith(outerHost) && !isAddress(innerHost) : outerHost === innerHost;
}

/** Whether a destination is within a scope. */
export function destinationScopeHolds(scope: string, { host, port }: { readonly host: string; readonly port: number }): boolean {
  return destinationScopeCovers(scope, `${host.includes(":") ? `[${host}]` : host}:${port}`);
}

/** Addresses are beneath no domain: `.0.0.1` is not the end of `127.0.0.1`. */
function isAddress(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}

function hostAndPort(scope: string): readonly [host: string, port: string | undefined] {
  const found = /^(.*?)(?::(\d{1,5}))?$/.exec(scope);
  return [found?.[1] ?? scope, found?.[2]];
}

/** The scopes without those that another one covers, sorted. */
export function leastScopes(scopes: Iterable<string>, covers: (outer: string, inner: string) => boolean): readonly string[] {
  const all = [...new Set(scopes)].sort();
  return all.filter((scope) => !all.some((other) => other !== scope && covers(other, scope)));
}
