import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestBytesMax } from "../scalars.ts";
import { packUpload, unpackUpload } from "./upload.ts";

describe("an upload as JSON", () => {
  it("is unpacked as it was packed", async () => {
    const files = fc.array(fc.record({ path: fc.string(), bytes: fc.uint8Array({ maxLength: 200 }) }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(files, async (given) => {
        const body = JSON.parse(JSON.stringify(await packUpload({ manifest: { a: 1 }, files: given })));
        const { manifest, files: unpacked } = unpackUpload(body);
        expect(manifest).toEqual({ a: 1 });
        expect([...(unpacked as Iterable<unknown>)]).toEqual(given);
      }),
    );
  });

  it("has the base64 that other programs make", async () => {
    const bytes = Uint8Array.from({ length: 100_001 }, (_, i) => i * 7);
    const { files } = await packUpload({ manifest: {}, files: [{ path: "a", bytes }] });
    expect(files[0]?.base64).toBe(Buffer.from(bytes).toString("base64"));
  });

  it("stops reading as soon as it is too large", async () => {
    let read = 0;
    const endless = (function* () {
      for (;;) yield { path: `f${read++}`, bytes: new Uint8Array(1024 * 1024) };
    })();
    await expect(packUpload({ manifest: {}, files: endless })).rejects.toMatchObject({
      code: "value-too-large",
      message: expect.stringContaining("gRPC"),
      details: { bytesMax: requestBytesMax },
    });
    expect(read).toBeLessThan(16);
  });
});
