/** A root beside what must never be reached, for tests of the file guard. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { link, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { FileStep } from "../files/beneath.ts";
import { createFileGuard, type FileGuard, type FileGuardOptions } from "../files/file-guard.ts";
import type { Opening } from "../files/folder.ts";
import { isRefusal } from "../refusal.ts";
import type { Arrangement, TriedPath } from "./path-families.ts";

export const secretText = "nobody reads this";

export class FileWorld {
  readonly home: string;
  readonly workspace: string;
  readonly outside: string;
  readonly #servers: Server[] = [];

  private constructor(home: string) {
    this.home = home;
    this.workspace = join(home, "workspace");
    this.outside = join(home, "outside");
  }

  static async open(): Promise<FileWorld> {
    const world = new FileWorld(await realpath(await mkdtemp(join(tmpdir(), "heddle-files-"))));
    await mkdir(world.workspace);
    await mkdir(join(world.outside, "folder"), { recursive: true });
    await mkdir(join(world.outside, "b"));
    await writeFile(join(world.outside, "secret.txt"), secretText);
    await writeFile(join(world.outside, "b", "secret.txt"), secretText);
    return world;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) await new Promise((done) => server.close(done));
    await rm(this.home, { recursive: true, force: true });
  }

  guard(options: Partial<FileGuardOptions> = {}): FileGuard {
    return createFileGuard({
      roots: { workspace: this.workspace },
      random: { unit: () => 0.5, bytes: (count) => randomBytes(count) },
      ...options,
    });
  }

  /** All of `outside`, by name: to be the same before and after. */
  async outsideNow(): Promise<readonly string[]> {
    const names = await readdir(this.outside, { recursive: true });
    const secret = await readFile(join(this.outside, "secret.txt"), "utf8").catch(() => "gone");
    return [...names.sort(), secret];
  }

  async arrange(arrangements: readonly Arrangement[] = []): Promise<void> {
    for (const each of arrangements) await this.#arrange(each);
  }

  async #arrange(each: Arrangement): Promise<void> {
    if ("file" in each) await this.#make(each.file, (path) => writeFile(path, "x".repeat(each.bytes ?? 4)));
    else if ("folder" in each) await mkdir(this.#at(each.folder), { recursive: true });
    else if ("link" in each) await this.#make(each.link, (path) => symlink(this.#absolute(each.to), path));
    else if ("hardLink" in each) await this.#make(each.hardLink, (path) => link(this.#absolute(each.to), path));
    else if ("pipe" in each) await this.#make(each.pipe, (path) => void execFileSync("mkfifo", [path]));
    else if ("socket" in each) await this.#make(each.socket, (path) => this.#listen(path));
    else await this.#replace(each);
  }

  async #replace(each: Extract<Arrangement, { replace: string }>): Promise<void> {
    const path = this.#at(each.replace);
    // What is not there is replaced too: by the thing alone.
    await rename(path, `${path}.was`).catch(() => undefined);
    if (each.by === "link") await symlink(this.#absolute(each.to ?? ""), path);
    else if (each.by === "pipe") execFileSync("mkfifo", [path]);
    else if (each.by === "folder") await mkdir(path);
    else if (each.by === "file") await writeFile(path, "else");
  }

  async #make(path: string, make: (path: string) => Promise<void> | void): Promise<void> {
    await mkdir(dirname(this.#at(path)), { recursive: true });
    await make(this.#at(path));
  }

  async #listen(path: string): Promise<void> {
    const server = createServer();
    this.#servers.push(server);
    await new Promise<void>((done) => server.listen(path, done));
  }

  #at(path: string): string {
    return resolve(this.workspace, this.#absolute(path));
  }

  #absolute(path: string): string {
    return path.replace("@workspace", this.workspace).replace("@outside", this.outside);
  }

  /** Judges a path and uses it, with its swaps; the first refusal, or what came of it. */
  async try(tried: TriedPath, opening: Opening): Promise<unknown> {
    await this.arrange(tried.arrange);
    const { swapAfter } = tried;
    let swaps = 0;
    const swapAt = async ({ step, path }: FileStep): Promise<void> => {
      const isHere = step === swapAfter?.step && (swapAfter.at === "" || path === this.#at(swapAfter.at));
      if (isHere && swaps++ === 0) await this.arrange(tried.swap);
    };
    const guard = this.guard({ opening, ...(swapAfter === undefined ? {} : { afterStep: swapAt }) });
    const path = await guard.resolve(this.#absolute(tried.path), this.workspace);
    if (isRefusal(path) || tried.operation === "resolve") return path;
    if (swapAfter === undefined) await this.arrange(tried.swap);
    return this.#use(guard, path, tried.operation);
  }

  #use(guard: FileGuard, path: Parameters<FileGuard["read"]>[0], operation: TriedPath["operation"]): Promise<unknown> {
    switch (operation) {
      case "read":
        return guard.readText(path, { bytesMax: 65_536 });
      case "write":
        return guard.write(path, "new text");
      case "write-parents":
        return guard.write(path, "new text", { parents: true });
      case "stat":
        return guard.stat(path);
      case "list":
        return guard.list(path, { entriesMax: 100 });
      case "walk":
        return guard.walk(path, { entriesMax: 100, depthMax: 8, bytesMax: 1_000, visit: () => undefined });
      case "remove":
        return guard.remove(path);
      default:
        return guard.remove(path, { recursive: true });
    }
  }
}
