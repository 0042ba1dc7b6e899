/** The HTTP client loads where there is no Node: nothing that it reaches, in any package, is a built-in or gRPC. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const program = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    loaded.push(found.url);
    if (found.url.startsWith("node:") || /@grpc|@bufbuild|[/]gen[/]/.test(found.url)) {
      throw new Error(context.parentURL + " loads " + found.url);
    }
    return found;
  },
});
const names = Object.keys(await import(process.argv[1]));
process.stdout.write(JSON.stringify({ names, loaded: loaded.length }));
`;

function load(entry: string): string {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  return execFileSync(process.execPath, ["--input-type=module", "--eval", program, entry], { cwd, encoding: "utf8", stdio: "pipe" });
}

it.each(["@heddle/client/http", "@heddle/wire/http"])("%s loads without Node", (entry) => {
  const { names, loaded } = JSON.parse(load(entry)) as { names: string[]; loaded: number };
  expect(names.length).toBeGreaterThan(1);
  expect(loaded).toBeGreaterThan(5);
});

it("what needs Node does not", () => {
  expect(() => load("@heddle/client")).toThrow(/loads node:|@grpc/);
});
