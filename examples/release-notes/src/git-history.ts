/**
 * Reads commits with git itself: one process per question, an argument list and no shell, a bound on
 * what it may print. It changes nothing in the repository and asks nobody for a password.
 */
import { spawn } from "node:child_process";
import { type Commit, type History, ReleaseNotesError } from "./commit.ts";

const outputBytesMax = 32 * 1024 * 1024;
const bodyCharactersMax = 4_000;

interface Done {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HistoryQuestion {
  readonly repo: string;
  /** A tag, branch or commit: what came after it. Null: everything. */
  readonly since: string | null;
  readonly commitsMax: number;
}

/** The newest commits without merges. A repository without commits gives an empty history. */
export async function readHistory({ repo, since, commitsMax }: HistoryQuestion, signal: AbortSignal): Promise<History> {
  if (!Number.isInteger(commitsMax) || commitsMax < 1 || commitsMax > 5_000) {
    throw new ReleaseNotesError("commits-max-invalid", `commitsMax is ${commitsMax}; give a whole number from 1 to 5000`);
  }
  const git = (...args: readonly string[]): Promise<Done> => run(repo, args, signal);
  const inside = await git("rev-parse", "--is-shallow-repository");
  if (inside.status !== 0) throw notARepository(repo, inside.stderr);
  const shallow = inside.stdout.trim() === "true";
  const head = await git("rev-parse", "--verify", "--quiet", "--short", "HEAD");
  if (head.status !== 0) return { head: null, since, commits: [], truncated: false, shallow };
  if (since !== null) await assertRevision(git, since, shallow);
  const branch = await git("symbolic-ref", "--quiet", "--short", "HEAD");
  const log = await git(
    "log",
    "--no-merges",
    "--no-color",
    "--no-show-signature",
    "--encoding=UTF-8",
    `--max-count=${commitsMax + 1}`,
    "--format=%H%x1f%an%x1f%aI%x1f%s%x1f%b%x1e",
    "--end-of-options",
    since === null ? "HEAD" : `${since}..HEAD`,
    "--",
  );
  if (log.status !== 0) throw new ReleaseNotesError("git-failed", `git log failed: ${firstLine(log.stderr)}`);
  const commits = parseLog(log.stdout);
  return {
    head: branch.status === 0 ? branch.stdout.trim() : `detached at ${head.stdout.trim()}`,
    since,
    commits: commits.slice(0, commitsMax),
    truncated: commits.length > commitsMax,
    shallow,
  };
}

/** The commits in what `git log` prints with unit and record separators. */
export function parseLog(text: string): Commit[] {
  return text
    .split("\x1e")
    .map((record) => record.replace(/^\r?\n/, ""))
    .filter((record) => record.includes("\x1f"))
    .map((record) => {
      const [hash = "", author = "", date = "", subject = "", ...body] = record.split("\x1f");
      return { hash, author: author || "unknown", date, subject, body: body.join(" ").trim().slice(0, bodyCharactersMax) };
    });
}

async function assertRevision(git: (...args: readonly string[]) => Promise<Done>, since: string, shallow: boolean): Promise<void> {
  const known = since.startsWith("-") ? undefined : await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${since}^{commit}`);
  if (known?.status === 0) return;
  const hint = shallow ? "; the repository is shallow, so fetch its history first: git fetch --unshallow --tags" : "";
  throw new ReleaseNotesError("revision-unknown", `${JSON.stringify(since)} is no tag, branch or commit of the repository${hint}`);
}

function notARepository(repo: string, stderr: string): ReleaseNotesError {
  if (/not a git repository|cannot change to/i.test(stderr))
    return new ReleaseNotesError("not-a-repository", `${repo} is not in a git repository`);
  return new ReleaseNotesError("git-failed", `git cannot read ${repo}: ${firstLine(stderr)}`);
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0]?.slice(0, 300) || "it gave no reason";
}

function run(repo: string, args: readonly string[], signal: AbortSignal): Promise<Done> {
  const environment = { ...process.env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", GIT_PAGER: "cat" };
  return new Promise((resolve, reject) => {
    const child = spawn("git", ["-C", repo, ...args], { env: environment, stdio: ["ignore", "pipe", "pipe"], signal, windowsHide: true });
    const out: Buffer[] = [];
    let bytes = 0;
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= outputBytesMax) out.push(chunk);
      else {
        child.kill("SIGKILL");
        reject(
          new ReleaseNotesError(
            "history-too-large",
            `git printed more than ${outputBytesMax} bytes; ask for fewer commits with commitsMax`,
          ),
        );
      }
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < 4_096) stderr += chunk.toString("utf8");
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? new ReleaseNotesError("git-not-found", "git is not installed, or not on PATH") : error);
    });
    child.on("close", (status) => resolve({ status: status ?? 1, stdout: Buffer.concat(out).toString("utf8"), stderr }));
  });
}
