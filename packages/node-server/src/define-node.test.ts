// Parity: NA2.
import { expect, expectTypeOf, test } from "vitest";
import { defineNode } from "./index.ts";

const definition = {
  uid: "resize",
  name: "Resize",
  category: "Image",
  version: "1.0.0",
  inputs: [
    { name: "text", type: "string" },
    { name: "image", type: "asset:image", optional: true },
  ],
  outputs: [{ name: "size", type: "number" }],
  parameters: [{ name: "factor", type: "number", value: 2, default: 2 }],
  editorHint: "kept",
} as const;

test("a node is typed by its definition, which is kept as it is and sent as a server's", () => {
  const node = defineNode({
    ...definition,
    execute({ inputs, inputLists, parameterValues }) {
      expectTypeOf(inputs.text).toEqualTypeOf<string | readonly string[] | undefined>();
      expectTypeOf(inputLists.text).toEqualTypeOf<readonly string[] | undefined>();
      expectTypeOf(parameterValues.factor).toEqualTypeOf<number | undefined>();
      // @ts-expect-error there is no such port
      void inputs.txt;
      return { size: 1 };
    },
  });
  expect(node.definition).toEqual({ ...definition, type: "server" });
  // @ts-expect-error the output is a number
  defineNode({ ...definition, execute: () => ({ size: "big" }) });
  // @ts-expect-error there is no such output
  defineNode({ ...definition, execute: async () => ({ weight: 1 }) });
});

test("a definition that breaks the rules is refused", () => {
  expect(() => defineNode({ ...definition, uid: "", execute: () => undefined })).toThrow(
    /the definition of the node "" is not valid: uid: /,
  );
});
