/** The client over HTTP, with a fetch that the test answers. */
import { describe, expect, it } from "vitest";
import { createHttpClient } from "./client.ts";

const runId = `run_${"0".repeat(26)}`;
const baseUrl = "http://127.0.0.1:1";

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}

/** A fetch that notes what it was asked, and answers in turn. */
function answering(...answers: readonly (() => Response | Promise<Response>)[]) {
  const asked: Asked[] = [];
  const fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    asked.push({ url: String(url), init });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    return answer === undefined ? Response.error() : answer();
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const refused = (code: string, status: number) => json({ error: { code, message: "no", details: {} } }, status);

describe("settings", () => {
  it.each([
    { baseUrl: "nowhere" },
    { baseUrl: "ftp://localhost" },
    { baseUrl: "http://localhost/?a=b" },
    { baseUrl: "http://me:secret@localhost" },
    { baseUrl: "http://10.0.0.1:8787" },
    { baseUrl, token: "with white space" },
    { baseUrl, timeoutMs: 0 },
    { baseUrl, reattachMs: Number.NaN },
  ])("%j are config-invalid", (options) => {
    expect(() => createHttpClient(options)).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });

  it("take a daemon behind a proxy, and another machine with TLS or with a word", async () => {
    for (const options of [{ baseUrl: "https://example.org/heddle/" }, { baseUrl: "http://10.0.0.1:8787", insecure: true }]) {
      const { asked, fetch } = answering(() => json({ rows: [] }));
      await createHttpClient({ ...options, fetch }).runs.list();
      expect(asked[0]?.url).toBe(`${options.baseUrl.replace(/\/$/, "")}/v1/runs`);
    }
  });
});

describe("a call", () => {
  it("presents its token, follows no redirection and sends no cookies", async () => {
    const { asked, fetch } = answering(() => json({ runId, existing: false }));
    await createHttpClient({ baseUrl, token: "hdl_x", fetch }).runs.start({ bundle: `sha256:${"0".repeat(64)}`, input: {} });
    expect(asked[0]?.init).toMatchObject({
      method: "POST",
      headers: { authorization: "Bearer hdl_x", "content-type": "application/json" },
      redirect: "error",
      credentials: "omit",
    });
  });

  it.each([
    ["a refusal of the daemon", () => refused("run-not-found", 404), "run-not-found"],
    ["a code of a later version", () => refused("from-the-future", 400), "internal"],
    ["a page of something in between", () => new Response("<html>", { status: 502 }), "daemon-unreachable"],
    ["a page that is no answer", () => new Response("<html>", { status: 200 }), "internal"],
    ["a refusal that is none of ours", () => new Response("no", { status: 404 }), "internal"],
    ["no connection", () => Promise.reject(new TypeError("fetch failed")), "daemon-unreachable"],
  ])("tells of %s", async (_, answer, code) => {
    const { fetch } = answering(answer);
    await expect(createHttpClient({ baseUrl, fetch }).runs.get({ runId })).rejects.toMatchObject({ code });
  });
});

describe("waiting for a result", () => {
  it("asks again when the wait was over, the first time soon", async () => {
    const { asked, fetch } = answering(
      () => refused("deadline-exceeded", 504),
      () => refused("deadline-exceeded", 504),
      () => json({ runId, status: "succeeded", output: 1 }),
    );
    expect(await createHttpClient({ baseUrl, fetch }).runs.result({ runId })).toMatchObject({ output: 1 });
    expect(asked.map(({ url }) => new URL(url).searchParams.get("waitMs"))).toEqual(["1000", "25000", "25000"]);
  });

  it("ends with a refusal that will not pass", async () => {
    const { asked, fetch } = answering(() => refused("run-not-found", 404));
    await expect(createHttpClient({ baseUrl, fetch }).runs.result({ runId })).rejects.toMatchObject({ code: "run-not-found" });
    expect(asked).toHaveLength(1);
  });
});

describe("following", () => {
  const event = (seq: number, kind = "frame-closed") => {
    const fact = kind === "run-succeeded" ? { kind, output: null } : { kind, frame: 1 };
    return `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ seq, atMs: 1, event: fact })}\n\n`;
  };

  it("comes back behind the last event where a stream ends before the run does", async () => {
    const { asked, fetch } = answering(
      () => new Response(event(1) + event(2)),
      () => new Response(`${event(2)}${event(3)}id: 4\nevent`),
      () => refused("shutting-down", 503),
      () => new Response(event(4, "run-succeeded")),
    );
    const seen: number[] = [];
    for await (const batch of createHttpClient({ baseUrl, fetch }).runs.follow({ runId })) seen.push(...batch.map(({ seq }) => seq));
    expect(seen).toEqual([1, 2, 3, 4]);
    const ids = asked.map(({ init }) => (init.headers as Record<string, string>)["last-event-id"]);
    expect(ids).toEqual(["0", "2", "3", "3"]);
  });

  it("ends where nothing is left to tell", async () => {
    const { fetch } = answering(() => new Response(null, { status: 204 }));
    for await (const _ of createHttpClient({ baseUrl, fetch }).runs.follow({ runId, after: 9 })) expect.unreachable();
  });

  it("reads characters that are cut in two", async () => {
    const bytes = new TextEncoder().encode(
      `id: 1\nevent: run-succeeded\ndata: {"seq":1,"atMs":1,"event":{"kind":"run-succeeded","output":"\u{1f9f5}"}}\n\n`,
    );
    const cut = bytes.indexOf(0xf0) + 2;
    const body = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(bytes.slice(0, cut));
          controller.enqueue(bytes.slice(cut));
          controller.close();
        },
      });
    const { fetch } = answering(() => new Response(body()));
    for await (const batch of createHttpClient({ baseUrl, fetch }).runs.follow({ runId })) {
      expect(batch).toMatchObject([{ event: { output: "\u{1f9f5}" } }]);
    }
  });
});
