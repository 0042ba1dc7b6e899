/**
 * Paths as texts: normal form and containment. Nothing here looks at a disk: real paths come from the
 * preparation of a call, and texts of a condition are resolved lexically.
 */

/** Absolute, without `.`, `..`, empty parts and a `/` at the end; undefined where it is not absolute, or no path at all. */
export function normalPath(path: string): string | undefined {
  if (!path.startsWith("/") || path.includes("\0")) return undefined;
  if (!path.includes("//") && !path.includes("/.") && !path.endsWith("/")) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Whether `path` is `root` or lies beneath it, part by part; both in normal form. */
export function containsPath(root: string, path: string): boolean {
  return path === root || root === "/" || (path.startsWith(root) && path.charCodeAt(root.length) === 47);
}
