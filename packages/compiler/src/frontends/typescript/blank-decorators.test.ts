import { describe, expect, test } from "vitest";
import { blankDecorators } from "./blank-decorators.ts";

const head = 'import { agent, workflow as flow } from "@heddle/compiler/authoring";\n';

describe("blankDecorators", () => {
  test("takes out what comes from the authoring module, and moves nothing", () => {
    const source = `${head}class Agents {
  @agent.defn({
    name: "é", // 𝒳
  })
  ingress(topic: string) { return topic; }
}
@flow.defn({ name: "main" }) class Main { agents = new Agents()
  @flow.run ["run"]() { return 1; } }
`;
    const blank = blankDecorators(source);
    expect(blank).toBe(`${head}class Agents {
  ${" ".repeat("@agent.defn({".length)}
${" ".repeat('    name: "é", // 𝒳'.length)}
${" ".repeat("  })".length)}
  ingress(topic: string) { return topic; }
}
${" ".repeat('@flow.defn({ name: "main" })'.length)} class Main { agents = new Agents()
  ;${" ".repeat("flow.run".length)} ["run"]() { return 1; } }
`);
    expect(blank).toHaveLength(source.length);
    expect(blankDecorators(blank)).toBe(blank);
  });

  test("takes them out of exported classes, of class expressions and of classes in functions", () => {
    for (const source of [
      "@agent.defn() export class A {}",
      "export @agent.defn() class A {}",
      "export default @agent.defn() class {}",
      "const A = @agent.defn() class {};",
      "function make() { return @agent.defn() class { @agent.defn() work() {} }; }",
      "class A { @agent.defn() work() {} @agent.defn() static other = 1; }",
    ])
      expect(blankDecorators(head + source)).not.toContain("@agent");
  });

  test("knows the module as a whole, too", () => {
    const source = 'import * as heddle from "@heddle/compiler/authoring";\n@heddle.workflow.defn({}) class A {}';
    expect(blankDecorators(source)).not.toContain("@heddle.");
  });

  test.each([
    ["decorators of others", `${head}import { logged } from "./mine.ts";\n@logged class A {}`],
    [
      "decorators of that name that are the author's own",
      "const agent = { defn: () => () => {} }; // @heddle/compiler/authoring\n@agent.defn() class A {}",
    ],
    ["texts and comments", `${head}// @agent.defn()\nexport const text = "@agent.defn()";`],
    ["what does not parse", `${head}@agent.defn( class {`],
    ["what is too much for a parser", `${head}@agent.defn() class A {}\n${"(".repeat(600)}`],
  ])("leaves %s alone", (_, source) => {
    expect(blankDecorators(source)).toBe(source);
  });
});
