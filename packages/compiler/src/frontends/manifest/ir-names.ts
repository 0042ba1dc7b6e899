/**
 * Names for the IR. An id of a manifest may be any text; one that is a name already stays, and every other
 * becomes one that reads like it and belongs to nothing else. The same ids give the same names.
 */
import { hashText, Name } from "@heddle/core";

export interface IrNames {
  /** The name of an id; the same name for the same id. */
  of(id: string): string;
}

/** @param ids everything that will be asked for; what is a name among them is reserved first */
export function irNames(ids: Iterable<string>): IrNames {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const odd: string[] = [];
  for (const id of ids) {
    if (isName(id)) {
      names.set(id, id);
      taken.add(id);
    } else odd.push(id);
  }
  const assign = (id: string): string => {
    const known = names.get(id);
    if (known !== undefined) return known;
    const name = likeName(id, taken);
    names.set(id, name);
    taken.add(name);
    return name;
  };
  for (const id of odd) assign(id);
  return { of: assign };
}

/** Names for edges, which may have no id, or one that another has too. */
export function edgeNames(
  edges: readonly { readonly id: string | undefined; readonly from: string; readonly to: string }[],
): readonly string[] {
  const given = new Set(edges.flatMap(({ id }) => (id !== undefined && isName(id) ? [id] : [])));
  const taken = new Set<string>();
  const used = new Map<string, number>();
  return edges.map(({ id, from, to }) => {
    if (id !== undefined && isName(id) && !taken.has(id)) {
      taken.add(id);
      return id;
    }
    const base = id ?? `${from}_to_${to}`;
    for (;;) {
      const turn = (used.get(base) ?? 0) + 1;
      used.set(base, turn);
      const wanted = turn === 1 ? base : `${base}_${turn}`;
      const name = isName(wanted) ? wanted : likeName(wanted, taken);
      if (taken.has(name) || given.has(name)) continue;
      taken.add(name);
      return name;
    }
  });
}

/** A text as one name, without regard to others. */
export function irName(text: string): string {
  return isName(text) ? text : likeName(text, new Set());
}

function isName(text: string): boolean {
  return Name.safeParse(text).success;
}

function likeName(text: string, taken: ReadonlySet<string>): string {
  const readable = text
    .slice(0, 80)
    .replace(/[^A-Za-z0-9_.-]/g, "_")
    .replace(/^[^A-Za-z_]/, "_");
  const digits = hashText(text).slice("sha256:".length);
  let name = "";
  for (let length = 8; length <= 40 && (name === "" || taken.has(name)); length += 8)
    name = `${readable || "_"}-${digits.slice(0, length)}`;
  return name;
}
