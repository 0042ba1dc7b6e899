/**
 * A path as text: from what was asked for to an absolute path without `.` and `..`. Pure; what links make
 * of it is seen later.
 *
 * The same text is refused on every system, so that a workflow means the same wherever it runs: names of
 * Windows' devices and drives, backslashes, and characters that deceive a reader. The spelling of Unicode
 * is left as it is.
 */
import { isAbsolute, join, resolve } from "node:path";
import { strangeCharacterIn } from "../characters.ts";
import { type Refusal, refuse, shown } from "../refusal.ts";

/** Bytes that systems take; the one for the end of the text is not counted. */
export const pathBytesMax = 4_095;
export const nameBytesMax = 255;

const device = /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$/i;
const drive = /^[a-z]:/i;

/**
 * Absolute and normalised, in the form of this system. A relative path is joined to `base`, which is absolute.
 *
 * Codes: `path-empty`, `path-character`, `path-reserved-name`, `path-too-long`, `path-not-absolute` (of the base).
 */
export function normalisePath(given: string, base: string): string | Refusal {
  if (given === "") return refuse("path-empty", "the path is empty: give one, as in src/main.ts; a dot is the folder itself");
  const strange = strangeCharacterIn(given);
  if (strange !== undefined) return refuse("path-character", `the path ${shown(given)} has the character ${strange}: leave it out`);
  if (given.includes("\\")) return refuse("path-character", `the path ${shown(given)} has a backslash: write it with /`);
  const refused = refuseNames(given);
  if (refused !== undefined) return refused;
  if (!isAbsolute(base)) return refuse("path-not-absolute", `the folder ${shown(base)} is not absolute: relative paths need one that is`);
  const absolute = resolve(join(given.startsWith("/") ? "/" : base, given));
  if (Buffer.byteLength(absolute) <= pathBytesMax) return absolute;
  return refuse("path-too-long", `the path ${shown(given)} has more than ${pathBytesMax} bytes: use a shorter one`);
}

/** Whether a name found on disk may be asked for by a path. */
export function isNameable(name: string): boolean {
  // What is not UTF-8 on disk is read with this character in its place, and would not be found again.
  const lossy = name.includes("\uFFFD");
  return !lossy && strangeCharacterIn(name) === undefined && !name.includes("\\") && refuseNames(name) === undefined;
}

function refuseNames(given: string): Refusal | undefined {
  if (Buffer.byteLength(given) > pathBytesMax) {
    return refuse("path-too-long", `the path ${shown(given)} has more than ${pathBytesMax} bytes: use a shorter one`);
  }
  for (const name of given.split("/")) {
    if (Buffer.byteLength(name) > nameBytesMax) {
      return refuse("path-too-long", `the name ${shown(name)} has more than ${nameBytesMax} bytes: use a shorter one`);
    }
    if (drive.test(name)) {
      return refuse("path-reserved-name", `${shown(name)} reads as a drive: give a path beneath a root, without a drive`);
    }
    if (device.test(stemOf(name))) {
      return refuse("path-reserved-name", `${shown(name)} is the name of a device on Windows: use another name`);
    }
  }
  return undefined;
}

/** What Windows makes of a name: it drops spaces and dots at the end, and ignores what follows the first dot or colon. */
function stemOf(name: string): string {
  return (name.replace(/[. ]+$/, "").split(/[.:]/, 1)[0] ?? "").trimEnd();
}
