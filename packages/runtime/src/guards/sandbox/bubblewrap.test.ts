import { describe, expect, test } from "vitest";
import { isRefusal } from "../refusal.ts";
import { type BubblewrapOptions, createBubblewrap } from "./bubblewrap.ts";
import type { SandboxWish } from "./sandbox.ts";

const options: BubblewrapOptions = {
  program: "/usr/bin/bwrap",
  system: { folders: ["/usr"], links: [{ place: "/lib", target: "usr/lib" }], settings: ["/etc/ssl/certs"] },
  closesUserNamespaces: true,
};

const wish: SandboxWish = {
  argv: ["/bin/sh", "-c", "echo $A"],
  folder: "/tmp/job/inner",
  environment: { A: "value of it", LD_PRELOAD: "/tmp/job/x.so" },
  files: { read: [{ source: "/data/bundle", place: "/data/bundle" }], write: [{ source: "/tmp/job" }] },
  network: "none",
  fd: 3,
};

function wrapped(given: Partial<SandboxWish> = {}, with_: Partial<BubblewrapOptions> = {}) {
  const made = createBubblewrap({ ...options, ...with_ }).wrap({ ...wish, ...given });
  if (isRefusal(made)) throw new TypeError(made.message);
  return { ...made, told: new TextDecoder().decode(made.instructions).split("\0").slice(0, -1) };
}

describe("a program in bubblewrap", () => {
  test("is started with everything apart, and with what it was given", () => {
    const { line, told } = wrapped();
    expect(line).toEqual(["/usr/bin/bwrap", "--args", "3", "--", "/bin/sh", "-c", "echo $A"]);
    expect(told.join(" ")).toMatchInlineSnapshot(
      `"--unshare-all --unshare-user --disable-userns --cap-drop ALL --new-session --die-with-parent --clearenv --ro-bind /usr /usr --symlink usr/lib /lib --ro-bind-try /etc/ssl/certs /etc/ssl/certs --proc /proc --dev /dev --tmpfs /tmp --bind /tmp/job /tmp/job --ro-bind /data/bundle /data/bundle --setenv A value of it --setenv LD_PRELOAD /tmp/job/x.so --chdir /tmp/job/inner"`,
    );
  });

  test("has its environment neither in an argument vector nor around bubblewrap itself", () => {
    const { line, environment } = wrapped();
    expect(line.join(" ")).not.toContain("value of it");
    expect(environment).toEqual({});
  });

  test("has the network only where that is wanted", () => {
    expect(wrapped().told).not.toContain("--share-net");
    expect(wrapped({ network: "all" }).told).toEqual(expect.arrayContaining(["--share-net", "/etc/resolv.conf"]));
  });

  test("is given inner folders after outer ones, so that none is hidden", () => {
    const { told } = wrapped({ files: { read: [{ source: "/a/b/c" }, { source: "/a" }], write: [{ source: ".", place: "/a/b" }] } });
    const bound = told.join(" ").match(/--(?:ro-)?bind \S+ \S+/g);
    expect(bound).toEqual(["--ro-bind /usr /usr", "--ro-bind /a /a", "--bind . /a/b", "--ro-bind /a/b/c /a/b/c"]);
  });

  test("of an older bubblewrap is not told options that this does not know", () => {
    expect(wrapped({}, { closesUserNamespaces: false }).told).not.toContain("--disable-userns");
  });
});

test.each(["relative", "/", "/proc", "/dev/null", "/sys/fs", "/a/../b", "/a//b", "/a\0b", "."])("the path %j is not given", (place) => {
  for (const files of [
    { read: [{ source: "/a", place }], write: [] },
    { read: [], write: [{ source: "/a", place }] },
  ]) {
    expect(createBubblewrap(options).wrap({ ...wish, files })).toMatchObject({ refused: "folder-refused" });
  }
  expect(createBubblewrap(options).wrap({ ...wish, folder: place })).toMatchObject({ refused: "folder-refused" });
});

test.each([{ "A=B": "x" }, { "": "x" }, { "A\0B": "x" }, { A: "x\0--bind\0/\0/" }])("the environment %j is refused", (environment) => {
  expect(createBubblewrap(options).wrap({ ...wish, environment })).toMatchObject({ refused: "environment-refused" });
});

test("a command of nothing is refused", () => {
  expect(createBubblewrap(options).wrap({ ...wish, argv: [] })).toMatchObject({ refused: "command-empty" });
});
