import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isRefusal } from "../refusal.ts";
import { commandFamilies } from "../testing/command-families.ts";
import { splitCommand } from "./split-command.ts";

/**
 * The words that a shell makes of each text. One shell for all of them: each text is an eval of its own, so that
 * one that a shell refuses spoils no other.
 */
function wordsOf(shell: string, texts: readonly string[]): readonly (readonly string[])[] {
  const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = texts.map((text) => `eval ${single(`printf '%s\\0' ${text}`)}; printf '\\036\\0'`);
  const out = execFileSync(shell, [], {
    input: `${lines.join("\n")}\n`,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { HOME: "/nowhere" },
    cwd: "/",
  });
  return out
    .split("\x1e\0")
    .slice(0, -1)
    .map((words) => words.split("\0").slice(0, -1));
}

const shells = process.platform === "win32" ? [] : ["/bin/sh"];

// Weighted: what has a meaning to a shell comes often, and next to quotes.
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."'\"\\ \t\n#~=:!%^@,./-+]a1Z$`*?[{}|&;<>()".split("")) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("'a b'", '"a b"', "\\ ", "if", "A=", "é", "''", '""', "'\"'", '"\'"', "\\\\", "~/", ":~", "a#b", " #"),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 3 }) },
);

test.each(shells)("what is accepted means the same to %s", (shell) => {
  const texts = fc
    .sample(fc.array(piece, { minLength: 1, maxLength: 10 }), { numRuns: 12_000, seed: 20_240_601 })
    .map((pieces) => pieces.join(""));
  texts.push(...commandFamilies.flatMap(({ cases }) => cases.map(({ twin }) => twin)).filter((twin) => twin.length < 1_000));
  const accepted = texts.flatMap((text) => {
    const split = splitCommand(text);
    return isRefusal(split) ? [] : [{ text, argv: split.argv }];
  });
  expect(accepted.length).toBeGreaterThan(1_000);
  const words = wordsOf(
    shell,
    accepted.map(({ text }) => text),
  );
  expect(accepted.map(({ text, argv }, index) => ({ text, argv: words[index] ?? argv.length }))).toEqual(accepted);
});

const bash = "/bin/bash";

test.runIf(existsSync(bash))("what is accepted is one command, whose program is its first word", () => {
  const first = fc.constantFrom(
    ..."A=1 A+=1 1A=1 if then case [[ time cd . : exec function x x=y select coproc until ! %1 -a ]] in esac".split(" "),
  );
  const texts = fc
    .sample(fc.tuple(first, fc.array(piece, { maxLength: 4 })), { numRuns: 4_000, seed: 7 })
    .map(([word, pieces]) => word + pieces.join(""));
  const accepted = texts.flatMap((text) => {
    const split = splitCommand(text);
    // What has a slash is looked for as a file, and not by its name.
    return isRefusal(split) || split.argv[0]?.includes("/") === true ? [] : [{ text, argv: split.argv }];
  });
  expect(accepted.length).toBeGreaterThan(300);
  const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  // Asked for a program that is not there, this shell says which words it would have given it.
  const lines = accepted.map(({ text }) => `eval -- ${single(text)}; printf '\\036\\0'`);
  const input = `command_not_found_handle() { printf '%s\\0' "$@"; }\nset +m\n${lines.join("\n")}\n`;
  const out = execFileSync(bash, {
    input,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: "/nowhere" },
    cwd: "/",
    stdio: "pipe",
  });
  const words = out
    .split("\x1e\0")
    .slice(0, -1)
    .map((each) => each.split("\0").slice(0, -1));
  expect(accepted.map(({ text }, index) => ({ text, argv: words[index] }))).toEqual(accepted);
});
