import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { Node, payloadOf } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProcessWorld, resultOf } from "../../../test/process-world.ts";

let world: ProcessWorld;
beforeEach(async () => {
  world = await ProcessWorld.open({ host: { TOKEN_OF_HOST: "from the host", SHARED: "host", UNASKED: "never", HOME: "/home/somebody" } });
});
afterEach(() => world.close());

const run = `run_${"0".repeat(26)}`;

describe("what a worker is given", () => {
  test("its input as pretty JSON: the reads by name", async () => {
    const { output } = await world.result(
      `say({ text: read("MN_INPUT_FILE"), name: env.MN_INPUT_FILE })`,
      {},
      { input: { a: 1, list: [true] } },
    );
    expect(output?.["text"]).toBe('{\n  "a": 1,\n  "list": [\n    true\n  ]\n}');
    expect(basename(String(output?.["name"]))).toBe("mirror_neuron_input.json");
  });

  test("the whole message in its envelope form, one that was given or one that is made", async () => {
    const code = `say(JSON.parse(read("MN_MESSAGE_FILE")))`;
    const made = await world.result(code, {}, { input: { $body: { n: 1 } }, attempt: 2 });
    expect(made.output).toMatchObject({
      envelope: { spec_version: "mn-msg/1", job_id: run, from: "runtime", to: "work", attempt: 2, content_type: "application/json" },
      headers: {},
      body: { n: 1 },
      artifacts: [],
    });
    const $message = { envelope: { message_id: "m1", type: "chunk", content_type: "text/plain" }, headers: { h: 1 }, body: "said" };
    const given = await world.result(code, {}, { input: { $message } });
    expect(given.output).toEqual($message);
    expect(given.input).toBe("said");
  });

  test("its context, with the state that it left behind", async () => {
    const code = "say({ context })";
    const first = await world.result(code, {}, { node: { template: "reduce" } });
    expect(first.output?.["context"]).toEqual({
      job_id: run,
      agent_id: "work",
      agent_type: "executor",
      template_type: "reduce",
      agent_state: {},
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    const later = await world.result(code, {}, { input: { $state: { seen: 3 } } });
    expect(later.output?.["context"]).toMatchObject({ agent_state: { seen: 3 } });
  });

  test("every variable of the contract under both prefixes, and nothing of the host that was not asked for", async () => {
    const { output } = await world.result("say(env)", { content_type: "application/json" });
    const variables = output as Record<string, string>;
    const names = Object.keys(variables)
      .filter((name) => name.startsWith("MN_"))
      .map((name) => name.slice(3));
    expect(names.sort()).toEqual([
      "AGENT_ID",
      "AGENT_TEMPLATE",
      "AGENT_TYPE",
      "ATTEMPT_ID",
      "BODY_CONTENT_ENCODING",
      "BODY_CONTENT_TYPE",
      "BODY_FILE",
      "CONTEXT_FILE",
      "IDEMPOTENCY_KEY",
      "INPUT_FILE",
      "JOB_ID",
      "MESSAGE_FILE",
      "RUN_ID",
      "WORKDIR",
    ]);
    for (const name of names) expect(variables[`MIRROR_NEURON_${name}`]).toBe(variables[`MN_${name}`]);
    expect(variables).toMatchObject({ MN_JOB_ID: run, MN_AGENT_ID: "work", MN_AGENT_TYPE: "executor", MN_AGENT_TEMPLATE: "generic" });
    expect(variables["MN_IDEMPOTENCY_KEY"]).toMatch(new RegExp(`^${run}/\\d+$`));
    const others = Object.keys(variables).filter((name) => !/^(?:MN_|MIRROR_NEURON_|PWD$|OLDPWD$|SHLVL$|_$)/.test(name));
    expect(others).toEqual(["PATH"]);
  });

  test("environment over the runtime's own, and over both what is passed on, where the host has it", async () => {
    const { output } = await world.result(
      "say({ a: env.A ?? null, shared: env.SHARED, gone: env.GONE ?? null, body: env.MN_BODY_CONTENT_TYPE, token: env.TOKEN_OF_HOST.length, n: env.N, empty: env.EMPTY })",
      {
        environment: { A: "config", SHARED: "config", GONE: "config", MN_BODY_CONTENT_TYPE: "mine", N: 5, EMPTY: null },
        pass_env: ["SHARED", "GONE", "TOKEN_OF_HOST"],
      },
    );
    expect(output).toEqual({ a: "config", shared: "host", gone: "config", body: "mine", token: 13, n: "5", empty: "" });
    const fromNode = await world.result(
      "say({ a: env.A, b: env.B, shared: env.SHARED })",
      { environment: { A: "config" } },
      {
        node: { environment: { A: "node", B: "node" }, passEnv: ["SHARED"] },
      },
    );
    expect(fromNode.output).toEqual({ a: "config", b: "node", shared: "host" });
  });

  test("no standard input", async () => {
    expect((await world.result(`say({ text: fs.readFileSync(0, "utf8") })`)).output).toEqual({ text: "" });
  });

  test.each([
    ["application/json", { a: 1 }, '{"a":1}'],
    ["application/x-ndjson", [{ a: 1 }, 2, "x"], '{"a":1}\n2\n"x"'],
    ["application/x-ndjson", '{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":2}\n'],
    ["application/jsonl", [1, 2], "1\n2"],
    ["application/octet-stream", "raw ü", "raw ü"],
    ["text/plain; charset=utf-8", "plain", "plain"],
  ])("its body in the encoding %s", async (content_type, $body, text) => {
    const code = `say({ text: fs.readFileSync(env.MN_BODY_FILE).toString("base64"), type: env.MN_BODY_CONTENT_TYPE, encoding: env.MN_BODY_CONTENT_ENCODING })`;
    const plain = await world.result(code, { content_type }, { input: { $body } });
    expect(Buffer.from(String(plain.output?.["text"]), "base64").toString()).toBe(text);
    expect(plain.output).toMatchObject({ type: content_type, encoding: "identity" });
    const zipped = await world.result(
      code,
      {},
      { input: { $message: { envelope: { content_type, content_encoding: "gzip" }, body: $body } } },
    );
    expect(gunzipSync(Buffer.from(String(zipped.output?.["text"]), "base64")).toString()).toBe(text);
    expect(zipped.output).toMatchObject({ type: content_type, encoding: "gzip" });
  });

  test("bytes, where a message carries them as base64", async () => {
    const $message = { envelope: { content_type: "application/octet-stream" }, body_base64: Buffer.from([0, 255, 10]).toString("base64") };
    const { output } = await world.result("say({ bytes: [...fs.readFileSync(env.MN_BODY_FILE)] })", {}, { input: { $message } });
    expect(output).toEqual({ bytes: [0, 255, 10] });
  });

  test("placeholders in its command, filled in", async () => {
    const command = [
      process.execPath,
      "-e",
      "console.log(JSON.stringify({ argv: process.argv.slice(1), env: process.env }))",
      ..."input_file context_file message_file body_file workdir job_id agent_id unknown".split(" ").map((name) => `<{${name}}>`),
    ];
    const { output } = resultOf(await world.execute({ command }));
    const env = output?.["env"] as Record<string, string>;
    const of = (name: string) => `<${env[`MN_${name}`]}>`;
    expect(output?.["argv"]).toEqual([
      of("INPUT_FILE"),
      of("CONTEXT_FILE"),
      of("MESSAGE_FILE"),
      of("BODY_FILE"),
      of("WORKDIR"),
      `<${run}>`,
      "<work>",
      "<{unknown}>",
    ]);
  });

  test("an argument is never read by a shell; text is", async () => {
    const hostile = "$(touch x); `id` \"quoted\" 'single' * \\ \n end";
    const listed = await world.execute({ command: [process.execPath, "-p", "JSON.stringify({ given: process.argv[1] })", hostile] });
    expect(resultOf(listed).output).toEqual({ given: hostile });
    const scripted = await world.execute({ command: 'printf \'{"job":"%s","sum":%d}\' {job_id} "$((1 + 2))" | cat' });
    expect(resultOf(scripted).output).toEqual({ job: run, sum: 3 });
  });

  test("a folder of its own, which is gone afterwards", async () => {
    const { output, sandbox } = await world.result("say({ cwd: process.cwd(), files: fs.readdirSync('.').sort() })");
    expect(output).toEqual({
      cwd: sandbox["remote_dir"],
      files: ["mirror_neuron_body", "mirror_neuron_context.json", "mirror_neuron_input.json", "mirror_neuron_message.json"],
    });
    await expect(readFile(String(sandbox["remote_dir"]))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("the uploads of its node, where they are wanted, as programs that may be run and changed", async () => {
    await world.payload(
      "flow/worker.sh",
      "#!/bin/sh\necho changed >> data.txt\nprintf '{\"said\": \"%s\"}' \"$(cat data.txt deep/more.txt | tr '\\n' ' ')\"\n",
    );
    await world.payload("flow/data.txt", "one\n");
    await world.payload("flow/deep/more.txt", "two\n");
    await world.payload("other.txt", "never\n");
    for (const config of [
      { upload_path: "flow", upload_as: "place" },
      { upload_paths: [{ source: "./flow/", target: "/sandbox/job/place" }] },
      {
        uploads: [
          { source: "flow", target: "place" },
          { source: "flow", target: "place" },
        ],
      },
    ]) {
      const outcome = await world.execute({ command: ["./worker.sh"], workdir: "/sandbox/job/place", ...config });
      expect(resultOf(outcome).output).toEqual({ said: "one changed two " });
    }
    const listing = "say({ files: fs.readdirSync('.', { recursive: true }).filter((name) => !name.startsWith('mirror')).sort() })";
    const same = await world.result(listing, { uploads: [{ source: "flow/deep" }] });
    expect(same.output).toEqual({ files: ["flow", "flow/deep", "flow/deep/more.txt"] });
    const all = await world.result(listing, {}, { node: { uploads: [{ source: ".", target: "." }] } });
    expect(all.output).toEqual({ files: ["flow", "flow/data.txt", "flow/deep", "flow/deep/more.txt", "flow/worker.sh", "other.txt"] });
  });

  test("a workdir in its folder, by either name; one elsewhere as it is", async () => {
    const spare = await world.spare();
    const code = "say({ cwd: process.cwd(), told: env.MN_WORKDIR })";
    const { output, sandbox } = await world.result(code, { workdir: "a/b" });
    expect(output).toEqual({ cwd: `${sandbox["remote_dir"]}/a/b`, told: `${sandbox["remote_dir"]}/a/b` });
    const mapped = await world.result(code, { workdir: "/sandbox/job/c" });
    expect(mapped.output?.["cwd"]).toBe(`${mapped.sandbox["remote_dir"]}/c`);
    expect((await world.result(code, { workdir: spare })).output).toEqual({ cwd: spare, told: spare });
    expect(await world.worker(code, { workdir: "../out" })).toMatchObject({
      kind: "failed",
      failure: { code: "path-escape", class: "denied" },
    });
    expect(await world.worker(code, { workdir: "/sandbox/job/../../etc" })).toMatchObject({ failure: { code: "path-escape" } });
    expect(await world.worker(code, { workdir: `${spare}/absent` })).toMatchObject({ failure: { code: "input-invalid" } });
  });

  test("letters of every script, and input larger than arguments may be", async () => {
    const text = "zażółć 漢字 \u{1F9F6} \u0000 end".replace("\u0000", "\\0");
    const { output, input } = await world.result("say({ text: input.text })", {}, { input: { text } });
    expect([output?.["text"], (input as { text: string }).text]).toEqual([text, text]);
    const large = "x".repeat(3 * 1024 * 1024);
    const heavy = await world.result("say({ length: input.large.length })", {}, { input: { large } });
    expect(heavy.output).toEqual({ length: large.length });
  });

  test("no command: it says so, as the contract does", async () => {
    const result = resultOf(await world.execute({}));
    expect(result.sandbox).toMatchObject({ exit_code: 0, stdout: "No command configured for host-local worker\n" });
  });
});

describe("what comes of it", () => {
  test("the nesting that workers downstream read, under exactly these names", async () => {
    const result = await world.result(
      `console.error("careful"); console.log("just text")`,
      { pool: "io", name_prefix: "py work" },
      { input: { n: 1 }, attempt: 3 },
    );
    const payload = payloadOf(result);
    expect(Object.keys(payload)).toEqual(["agent_id", "sandbox", "input"]);
    expect(payload).toMatchObject({
      agent_id: "work",
      input: { n: 1 },
      sandbox: {
        sandbox_name: expect.stringMatching(/^py-work-\w{6}$/),
        exit_code: 0,
        runner_exit_code: 0,
        stdout: "just text\n",
        stderr: "careful\n",
        logs: "",
        raw_output: "just text\n",
        runner: "host_local",
        attempts: 3,
        lease: { lease_id: expect.stringMatching(/\/3$/), pool: "io", slots: 1, queue_wait_ms: expect.any(Number) },
      },
    });
    expect(Object.keys(result.sandbox)).toEqual(
      "sandbox_name remote_dir exit_code runner_exit_code stdout stderr logs raw_output runner node_name attempts lease".split(" "),
    );
    expect(result.output).toBeNull();
  });

  test("the state that it leaves comes back to it", async () => {
    const code = "say({ next_state: { seen: (context.agent_state.seen ?? 0) + 1 }, total: input.n })";
    let state: unknown;
    for (const n of [1, 2, 3]) {
      const result = await world.result(
        code,
        {},
        { input: { $body: { n }, ...(state === undefined ? {} : { $state: state as { seen: number } }) } },
      );
      state = result.state;
      expect(result).toMatchObject({ state: { seen: n }, output: { total: n }, input: { n } });
    }
    expect((await world.result("say({ next_state: null })")).state).toBeNull();
    expect("state" in (await world.result("say({ x: 1 })"))).toBe(false);
  });

  test("events, messages and completions, where all output is one JSON object", async () => {
    const said = {
      events: [{ type: "seen", payload: { n: 1 } }, { type: "done" }],
      emit_messages: [
        { type: "found", to: "next", body: [1], headers: { h: 1 }, correlation_id: "c" },
        { type: "raw", body_base64: "AA==" },
      ],
      complete_job: { total: 5 },
      rest: true,
    };
    const result = await world.result(`fs.writeSync(1, "\\n  " + JSON.stringify(${JSON.stringify(said)}, null, 2) + "\\n\\n")`);
    expect(result).toMatchObject({
      events: [
        { type: "seen", payload: { n: 1 } },
        { type: "done", payload: {} },
      ],
      messages: said.emit_messages,
      complete: { kind: "job", result: { total: 5 } },
    });
    expect(result.output).toEqual({ rest: true });
    expect((await world.result(`say({ "complete_job?": true })`)).complete).toEqual({ kind: "job" });
    expect((await world.result(`say({ "complete_job?": false })`)).complete).toBeUndefined();
    expect((await world.result("say({ complete_step: null })")).complete).toEqual({ kind: "step", result: null });
    expect((await world.result("say({ complete_run: [1] })")).complete).toEqual({ kind: "run", result: [1] });
  });

  test.each([
    ["two objects", `say({ next_state: 1 }); say({ next_state: 2 })`],
    ["a list", `say([{ next_state: 1 }])`],
    ["text around it", `say({ next_state: 1 }); console.log("done")`],
    ["nothing", ""],
  ])("%s are text: passed on as they are, or refused where an object is asked for", async (_, code) => {
    const result = await world.result(code);
    expect([result.output, result.state]).toEqual([null, undefined]);
    expect(await world.worker(code, { require_json_object: true })).toMatchObject({
      kind: "failed",
      failure: { code: "result-invalid", class: "invalid", retryable: false, message: expect.stringContaining("exactly one JSON object") },
    });
  });

  test.each([
    ["events that are not a list", "say({ events: {} })"],
    ["events[1] without a type", `say({ events: [{ type: "a" }, { payload: 1 }] })`],
    ["emit_messages[0] without a type", "say({ emit_messages: [{ body: 1 }] })"],
  ])("%s are refused", async (message, code) => {
    expect(await world.worker(code)).toMatchObject({ failure: { code: "result-invalid", message: `work printed ${message}` } });
  });

  test("lines of both streams are told as they come; signs of life are no output", async () => {
    const result = await world.result(`
      process.stdout.write("__MN_AGENT_BEACON__ {}\\n"); console.error("to err ü"); console.error(""); process.stderr.write("no end");
      say({ ok: true }); process.stdout.write("__MN_AGENT_BEACON__ {}\\n")`);
    expect(result.output).toEqual({ ok: true });
    expect(world.said.filter(({ source }) => source === "stderr")).toEqual([
      { level: "warn", source: "stderr", text: "to err ü" },
      { level: "warn", source: "stderr", text: "no end" },
    ]);
    expect(world.said).toContainEqual({ level: "info", source: "stdout", text: '{"ok":true}' });
  });
});

test("the node that the documentation shows is one", async () => {
  const text = await readFile(new URL("../../../../../docs/processes.md", import.meta.url), "utf8");
  const node: unknown = JSON.parse(/```json\n(\{\s*"kind": "process".*?)```/s.exec(text)?.[1] ?? "");
  expect(Node.parse(node)).toEqual(node);
});
