import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBundle } from "@heddle/compiler";
import { createRuntime } from "@heddle/runtime";
import { afterAll, describe, expect, test } from "vitest";
import { classify, humanSubject } from "./classify.ts";
import type { Commit, Entry, History } from "./commit.ts";
import { compose } from "./compose.ts";
import { parseLog, readHistory } from "./git-history.ts";
import { writeFileOnce } from "./write-file.ts";

const scratch = mkdtempSync(join(tmpdir(), "heddle-release-notes-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** As a handler's answer goes over to the run. */
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));

const commit = (subject: string, body = ""): Commit => ({
  hash: "a".repeat(40),
  author: "Ada",
  date: "2026-01-02T03:04:05Z",
  subject,
  body,
});

describe("classifying", () => {
  test.each<[string, string, string, string | null, string?]>([
    ["feat(api): add cursors", "features", "Add cursors", "api"],
    ["fix: do not lose the last page.", "fixes", "Do not lose the last page", null],
    ["perf(store): read once", "performance", "Read once", "store"],
    ["Docs: say how", "documentation", "Say how", null],
    ["chore(deps): bump a", "maintenance", "Bump a", "deps"],
    ["refactor!: drop v1", "breaking", "Drop v1", null],
    ["fix: new format", "breaking", "New format", null, "Why not\n\nBREAKING CHANGE: old files do not load"],
    ["Add a console", "features", "Add a console", null],
    ["crash on empty input", "fixes", "Crash on empty input", null],
    ["Fix typo in README", "documentation", "Fix typo in README", null],
    ["make lists faster", "performance", "Make lists faster", null],
    ["readHistory(): retry", "maintenance", "readHistory(): retry", null],
    ["wip: half of it", "maintenance", "Wip: half of it", null],
    ["", "maintenance", "No subject", null],
  ])("%s", (subject, section, human, scope, body = "") => {
    expect(classify(commit(subject, body))).toMatchObject({ section, subject: human, scope, author: "Ada" });
  });

  test("long subjects end in an ellipsis", () => {
    expect([...humanSubject("x".repeat(500))]).toHaveLength(120);
  });
});

describe("composing", () => {
  const entry = (given: Partial<Entry>): Entry => ({
    section: "features",
    subject: "Add",
    scope: null,
    author: "Ada",
    hash: "abcdef0123",
    date: "",
    ...given,
  });
  const history = { head: "main", since: "v1.0", truncated: false, shallow: false };

  test("sections in order, authors by number of changes", () => {
    const notes = compose({
      title: "Notes <2>",
      history,
      entries: [
        entry({ subject: "Use `a_b` and c_d" }),
        entry({ section: "breaking", scope: "api", author: "Bob" }),
        entry({ section: "fixes", author: "Bob" }),
        entry({ author: "Bob", subject: "Let <b> be" }),
      ],
    });
    expect(notes.markdown).toMatchInlineSnapshot(`
      "# Notes \\<2\\>

      4 changes by 2 people on main since v1.0.

      ## Breaking changes (1)

      - **api:** Add (Bob, abcdef0)

      ## Features (2)

      - Use \`a_b\` and c\\_d (Ada, abcdef0)
      - Let \\<b\\> be (Bob, abcdef0)

      ## Fixes (1)

      - Add (Bob, abcdef0)

      ## Authors

      - Bob (3)
      - Ada (1)
      "
    `);
    expect(notes.summary).toBe("4 changes by 2 people on main since v1.0");
    expect(notes.counts).toEqual({ breaking: 1, features: 2, fixes: 1, performance: 0, documentation: 0, maintenance: 0 });
  });

  test("nothing to tell", () => {
    expect(compose({ title: "T", history, entries: [] }).markdown).toBe("# T\n\nNo changes on main since v1.0.\n");
    expect(compose({ title: "T", history: { ...history, head: null }, entries: [] }).markdown).toBe(
      "# T\n\nNo changes: the repository has no commits.\n",
    );
  });

  test("what is missing is said", () => {
    const { markdown } = compose({ title: "T", history: { ...history, truncated: true, shallow: true }, entries: [entry({})] });
    expect(markdown).toContain("Only the newest 1 changes are listed");
    expect(markdown).toContain("shallow copy");
  });
});

describe("reading a repository", () => {
  const signal = new AbortController().signal;
  let made = 0;

  function repository(...subjects: readonly string[]): { path: string; git: (...args: string[]) => string } {
    const path = join(scratch, `repo-${++made}`);
    mkdirSync(path);
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
    const git = (...args: string[]): string =>
      execFileSync("git", ["-C", path, "-c", "user.name=Ada L", "-c", "user.email=a@b.c", ...args], {
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    git("init", "--quiet", "--initial-branch=main");
    for (const subject of subjects) git("commit", "--quiet", "--allow-empty", "-m", subject, "-m", "A body\nof lines");
    return { path, git };
  }

  test("newest first, since a tag, and no more than asked for", async () => {
    const { path, git } = repository("one", "two", "three", "four");
    git("tag", "v1", "HEAD~3");
    const all = await readHistory({ repo: path, since: null, commitsMax: 10 }, signal);
    expect(all).toMatchObject({ head: "main", truncated: false, shallow: false });
    expect(all.commits.map(({ subject }) => subject)).toEqual(["four", "three", "two", "one"]);
    expect(all.commits[0]).toMatchObject({ author: "Ada L", body: "A body\nof lines" });
    const some = await readHistory({ repo: path, since: "v1", commitsMax: 2 }, signal);
    expect(some.commits.map(({ subject }) => subject)).toEqual(["four", "three"]);
    expect(some.truncated).toBe(true);
  });

  test("an empty repository, a detached head, a shallow copy", async () => {
    const empty = await readHistory({ repo: repository().path, since: null, commitsMax: 5 }, signal);
    expect(empty).toEqual({ head: null, since: null, commits: [], truncated: false, shallow: false });
    const { path, git } = repository("one", "two");
    git("checkout", "--quiet", "--detach");
    expect((await readHistory({ repo: path, since: null, commitsMax: 5 }, signal)).head).toMatch(/^detached at [0-9a-f]{7,}$/);
    const copy = join(scratch, "shallow");
    execFileSync("git", ["clone", "--quiet", "--depth=1", `file://${path}`, copy], { stdio: "ignore" });
    const shallow = await readHistory({ repo: copy, since: null, commitsMax: 5 }, signal);
    expect(shallow).toMatchObject({ shallow: true, commits: [{ subject: "two" }] });
    await expect(readHistory({ repo: copy, since: "HEAD~1", commitsMax: 5 }, signal)).rejects.toMatchObject({
      code: "revision-unknown",
      message: expect.stringContaining("--unshallow"),
    });
  });

  test.each<[string, Partial<{ repo: string; since: string; commitsMax: number }>, string]>([
    ["no repository", { repo: scratch }, "not-a-repository"],
    ["no folder", { repo: join(scratch, "nowhere") }, "not-a-repository"],
    ["no such revision", { since: "v9" }, "revision-unknown"],
    ["an option as a revision", { since: "--output=x" }, "revision-unknown"],
    ["a silly limit", { commitsMax: 0 }, "commits-max-invalid"],
  ])("%s", async (_name, given, code) => {
    const { path } = repository("one");
    await expect(readHistory({ repo: path, since: null, commitsMax: 5, ...given }, signal)).rejects.toMatchObject({
      code,
      retryable: false,
    });
  });

  test("messages with separators in them", () => {
    expect(parseLog("h\x1fa\x1fd\x1fs\x1fb\x1fc\x1e\nh2\x1f\x1fd\x1f\x1f\x1e\n")).toEqual([
      { hash: "h", author: "a", date: "d", subject: "s", body: "b c" },
      { hash: "h2", author: "unknown", date: "d", subject: "", body: "" },
    ]);
  });
});

describe("writing", () => {
  test("once is enough, and nothing is left beside it", async () => {
    const folder = join(scratch, "out", "deep");
    const path = join(folder, "NOTES.md");
    expect(await writeFileOnce(path, "text", "run_1/2")).toEqual({ path, bytes: 4, changed: true });
    expect(await writeFileOnce(path, "text", "run_1/2")).toEqual({ path, bytes: 4, changed: false });
    expect(readFileSync(path, "utf8")).toBe("text");
    expect(readdirSync(folder)).toEqual(["NOTES.md"]);
    await expect(writeFileOnce(folder, "text", "k")).rejects.toMatchObject({ code: "output-invalid" });
    writeFileSync(join(scratch, "file"), "");
    await expect(writeFileOnce(join(scratch, "file", "x"), "text", "k")).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  });
});

describe("the workflow", () => {
  const entry = fileURLToPath(new URL("./workflow.ts", import.meta.url));

  async function built() {
    const bundle = await buildBundle(entry);
    expect(bundle.problems).toEqual([]);
    if (!bundle.valid) throw new TypeError("the bundle is not valid");
    return bundle;
  }

  test("is a chain with a mapped region and a person in it", async () => {
    const [ir] = (await built()).manifest.workflows;
    expect(ir?.nodes.filter(({ kind }) => kind !== "router").map(({ id, kind }) => `${id}: ${kind}`)).toEqual([
      "read-commits: handler",
      "map: map",
      "compose-notes: handler",
      "approval: human",
      "write-notes: handler",
    ]);
    expect(ir?.inputs.map(({ name, type, optional }) => `${name}${optional === true ? "?" : ""}: ${type.kind}`)).toEqual([
      "repo: path",
      "output: path",
      "since?: string",
      "commitsMax?: number",
      "title?: string",
    ]);
  });

  test("builds a bundle, the same every time", async () => {
    const [one, two] = await Promise.all([built(), built()]);
    expect(one.hash).toBe(two.hash);
    expect(one.manifest.handlers.map(({ name, code }) => `${name}: ${code?.export}`)).toEqual([
      "classify-commit: classifyCommit",
      "compose-notes: composeNotes",
      "read-commits: readCommits",
      "write-notes: writeNotes",
    ]);
    expect([...one.files.keys()].every((path) => !path.includes("test"))).toBe(true);
  });

  test.each([
    { agreed: true, output: { written: true, path: "NOTES.md", bytes: 9, summary: "1 change by 1 person on main" } },
    { agreed: false, output: { written: false } },
  ])("writes once a person has agreed, and not before: $agreed", async ({ agreed, output }) => {
    const [ir] = (await built()).manifest.workflows;
    if (ir === undefined) throw new TypeError("there is no workflow");
    const asked: unknown[] = [];
    const written: unknown[] = [];
    const history: History = {
      head: "main",
      since: null,
      truncated: false,
      shallow: false,
      commits: [commit("feat: a"), commit("fix: b")],
    };
    await using runtime = createRuntime({
      handlers: {
        "read-commits": (question: unknown) => {
          asked.push(question);
          return asJson(history);
        },
        "classify-commit": (one: Commit) => asJson(classify(one)),
        "compose-notes": () => ({ markdown: "# Notes\n\n", summary: "1 change by 1 person on main", counts: {}, authors: [] }),
        "write-notes": (given: unknown) => {
          written.push(given);
          return { path: "NOTES.md", bytes: 9, changed: true };
        },
      },
      confirm: ({ prompt }) => {
        asked.push(prompt);
        return agreed;
      },
    });
    expect((await runtime.run(ir, { repo: ".", output: "NOTES.md" })).output).toEqual(output);
    expect(asked).toEqual([{ repo: ".", since: null, commitsMax: 500 }, "Write release notes to NOTES.md? 1 change by 1 person on main."]);
    expect(written).toEqual(agreed ? [{ output: "NOTES.md", markdown: "# Notes\n\n" }] : []);
  });
});
