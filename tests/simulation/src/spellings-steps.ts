/** Workflows that both languages can express: steps one after the other, and ways that part. */
import type { Spelled } from "./spellings-cases.ts";

/** What most of them do: look something up, and say how that went. */
const find = "{ topic: string } => { title: string; words: number }";
const save = "{ title: string } => { saved: boolean; id: string }";
const handlers = { find, save };
const input = "{ topic: string }";
const output = "{ saved: boolean; id: string }";
const found = "const { title, words } = await $find({ topic: input.topic });";
const done = "const { saved, id } = await $save({ title });\nreturn { saved, id };";
const other = "const { saved, id } = await $save({ title: input.topic });\nreturn { saved, id };";
/** Of workflows with several ends: none of what they give is sure to be there. */
const maybe = "{ saved?: boolean; id?: string }";

const stageFind = (after = ""): string => `stage Find { handler: find(topic: topic) output: { title: string words: number } ${after} }`;
const stageSave = "stage Save { handler: save(title: Find.title) output: { saved: bool id: string } }";
const exits = `stage @exit Save { handler: save(title: Find.title) output: { saved: bool id: string } }
  stage @exit Other { handler: save(title: topic) output: { saved: bool id: string } }`;

/** One question after the first step, with an end on either side. */
function parting(name: string, test: string, condition: string): Spelled {
  return {
    name,
    handlers,
    input,
    output: maybe,
    body: `${found}\nif (${test}) {\n${done}\n} else {\n${other}\n}`,
    text: `workflow Main {
  input { topic: string }
  ${stageFind(`transition if ${condition} => Save transition else => Other`)}
  ${exits}
}`,
  };
}

const pieces = { pick: "{ kind: string } => { mood: string; score: number }", act: "{ how: string } => { ok: boolean; note: string }" };
const acted = (how: string): string => `const { ok, note } = await $act({ how: "${how}" });\nreturn { ok, note };`;
const stageAct = (name: string, how: string): string =>
  `stage @exit ${name} { handler: act(how: "${how}") output: { ok: bool note: string } }`;
const stagePick = (after: string): string => `stage Pick { handler: pick(kind: kind) output: { mood: string score: number } ${after} }`;

export const steps: readonly Spelled[] = [
  {
    name: "one handler",
    handlers: { find },
    input,
    output: "{ title: string; words: number }",
    body: `${found}\nreturn { title, words };`,
    text: `workflow Main { input { topic: string } ${stageFind()} }`,
  },
  {
    name: "one after the other",
    handlers,
    input,
    output,
    body: `${found}\n${done}`,
    text: `workflow Main { input { topic: string } ${stageFind()} ${stageSave} }`,
  },
  {
    name: "a result that is needed much later",
    handlers: { ...handlers, tell: "{ id: string; words: number } => { told: boolean; at: string }" },
    input,
    output: "{ told: boolean; at: string }",
    body: `${found}\nconst { saved, id } = await $save({ title });\nconst { told, at } = await $tell({ id, words });\nreturn { told, at };`,
    text: `workflow Main { input { topic: string } ${stageFind()} ${stageSave}
  stage Tell { handler: tell(id: Save.id, words: Find.words) output: { told: bool at: string } } }`,
  },
  {
    name: "the same handler twice",
    handlers,
    input,
    output,
    body: `const { saved, id } = await $save({ title: input.topic });\nconst { saved: again, id: other } = await $save({ title: id });\nreturn { saved: again, id: other };`,
    text: `workflow Main { input { topic: string }
  stage First { handler: save(title: topic) output: { saved: bool id: string } }
  stage Second { handler: save(title: First.id) output: { saved: bool id: string } } }`,
  },
  {
    name: "a handler that gives nothing",
    handlers: { ...handlers, warm: "{ topic: string } => void" },
    input,
    output: "{ title: string; words: number }",
    body: `await $warm({ topic: input.topic });\n${found}\nreturn { title, words };`,
    text: `workflow Main { input { topic: string } stage Warm { handler: warm(topic: topic) } ${stageFind()} }`,
  },
  {
    name: "a result of any shape",
    handlers: { load: "{ topic: string } => unknown", save: "{ all: unknown } => { saved: boolean; id: string }" },
    input,
    output,
    body: "const all = await $load({ topic: input.topic });\nconst { saved, id } = await $save({ all });\nreturn { saved, id };",
    text: `workflow Main { input { topic: string } stage Load { handler: load(topic: topic) output: { all: json } }
  stage Save { handler: save(all: Load.all) output: { saved: bool id: string } } }`,
  },
  {
    name: "inputs of every type",
    handlers: {
      work: '{ a: string; b: number; c: boolean; d: string[]; e: "dry" | "warm"; f: { x: number; y?: string } } => { ok: boolean; n: number }',
    },
    input: '{ a: string; b: number; c: boolean; d: string[]; e: "dry" | "warm"; f: { x: number; y?: string } }',
    output: "{ ok: boolean; n: number }",
    body: "const { a, b, c, d, e, f } = input;\nconst { ok, n } = await $work({ a, b, c, d, e, f });\nreturn { ok, n };",
    text: `workflow Main {
  input { a: string b: number c: bool d: string[] e: "dry" | "warm" f: { x: number y: string? } }
  stage Work { handler: work(a: a, b: b, c: c, d: d, e: e, f: f) output: { ok: bool n: number } }
}`,
  },
  {
    name: "outputs of every type",
    handlers: { work: '{ a: string } => { l: number[]; e: "dry" | "warm"; o: { x: number; y?: boolean }; s: string }' },
    input: "{ a: string }",
    output: '{ l: number[]; e: "dry" | "warm"; o: { x: number; y?: boolean }; s: string }',
    body: "const { l, e, o, s } = await $work({ a: input.a });\nreturn { l, e, o, s };",
    text: `workflow Main { input { a: string }
  stage Work { handler: work(a: a) output: { l: number[] e: "dry" | "warm" o: { x: number y: bool? } s: string } } }`,
  },
  {
    name: "an output that may be missing",
    handlers: { work: "{ a: string } => { s: string; n?: number }", use: "{ s: string; n?: number } => { ok: boolean; m: number }" },
    input: "{ a: string }",
    output: "{ s: string; n?: number }",
    body: "const { s, n } = await $work({ a: input.a });\nreturn { s, n };",
    text: "workflow Main { input { a: string } stage Work { handler: work(a: a) output: { s: string n: number? } } }",
  },
  {
    name: "arguments that are written out",
    handlers: { work: "{ a: string; n: number; yes: boolean; list: number[]; raw: unknown } => { ok: boolean; n: number }" },
    input: "{ a: string }",
    output: "{ ok: boolean; n: number }",
    body: 'const { ok, n } = await $work({ a: "fixed", n: -3.5, yes: false, list: [1, 2], raw: { deep: [true, null] } });\nreturn { ok, n };',
    text: `workflow Main { input { a: string }
  stage Work { handler: work(a: "fixed", n: -3.5, yes: false, list: [1, 2], raw: {"deep": [true, null]}) output: { ok: bool n: number } } }`,
  },
  {
    name: "attempts and times",
    handlers,
    options: { find: "retry: { attemptsMax: 5 }, timeoutMs: 90000", save: "retry: { attemptsMax: 2 }" },
    input,
    output,
    body: `${found}\n${done}`,
    text: `workflow Main { input { topic: string } ${stageFind("retry: 5 timeout: 1m30s")}
  stage Save { handler: save(title: Find.title) output: { saved: bool id: string } retry: 2 } }`,
  },
  {
    name: "a pause",
    handlers,
    input,
    output,
    body: `${found}\nawait sleep("30s");\n${done}`,
    text: `workflow Main { input { topic: string } ${stageFind()} stage Pause { wait: 30s } ${stageSave} }`,
  },
  {
    name: "pauses in milliseconds and days, the first and the last thing",
    handlers,
    input,
    output,
    body: `await sleep(250);\nawait sleep("2d");\n${found}\n${done}`,
    text: `workflow Main { input { topic: string } stage Short { wait: 250ms } stage Long { wait: 2d } ${stageFind()} ${stageSave} }`,
  },
  {
    name: "a signal whose value nobody needs",
    handlers,
    input,
    output,
    body: `await signal("go");\n${found}\n${done}`,
    text: `workflow Main { input { topic: string } stage Wait { wait: signal go } ${stageFind()} ${stageSave} }`,
  },
  {
    name: "a signal with a value",
    handlers: { save },
    input,
    output,
    body: 'const title = await signal<string>("title");\nconst { saved, id } = await $save({ title });\nreturn { saved, id };',
    text: `workflow Main { input { topic: string } stage Wait { wait: signal title output: { value: string } }
  stage Save { handler: save(title: Wait.value) output: { saved: bool id: string } } }`,
  },
  parting("greater", "words > 100", "words > 100"),
  parting("at least", "words >= 100", "words >= 100"),
  parting("less", "words < 2.5", "words < 2.5"),
  parting("at most", "words <= 0", "words <= 0"),
  parting("and", "words > 10 && words < 20", "words > 10 and words < 20"),
  parting("or", "words < 10 || words > 20 || words >= 100", "words < 10 or words > 20 or words >= 100"),
  parting("not", "!(words > 10)", "not words > 10"),
  parting("and within or", "(words > 10 && words < 20) || words > 100", "(words > 10 and words < 20) or words > 100"),
  parting("a sum", "words + 10 > 100", "words + 10 > 100"),
  parting("a calculation", "(words * 2 - 1) / 3 > 100 - words", "(words * 2 - 1) / 3 > 100 - words"),
  parting("a text that is equal", 'title === "nothing"', 'title.eq("nothing")'),
  parting("a text that is not", 'title !== "nothing"', 'not title.eq("nothing")'),
  parting("a beginning", 'title.startsWith("Re: ")', 'title.starts_with("Re: ")'),
  parting("a part of a text", 'title.includes("draft")', 'title.contains("draft")'),
  parting("an input", "title === input.topic", "title.eq(topic)"),
  {
    name: "a way that is only sometimes taken",
    handlers: { ...handlers, warn: "{ words: number } => void" },
    input,
    output,
    body: `${found}\nif (words > 100) {\nawait $warn({ words });\n}\n${done}`,
    text: `workflow Main { input { topic: string } ${stageFind("transition if words > 100 => Warn transition else => Save")}
  stage Warn { handler: warn(words: Find.words) } ${stageSave} }`,
  },
  {
    name: "two ways that meet again",
    handlers: { ...handlers, long: "{ words: number } => void", short: "{ words: number } => void" },
    input,
    output,
    body: `${found}\nif (words > 100) await $long({ words });\nelse await $short({ words });\n${done}`,
    text: `workflow Main { input { topic: string } ${stageFind("transition if words > 100 => Long transition else => Short")}
  stage Long { handler: long(words: Find.words) transition else => Save } stage Short { handler: short(words: Find.words) } ${stageSave} }`,
  },
  {
    name: "a question of a question",
    handlers: { ...pieces, weigh: "{ kind: string } => { weight: number; unit: string }" },
    input: "{ kind: string }",
    output: "{ ok?: boolean; note?: string }",
    body: `const { mood, score } = await $pick({ kind: input.kind });
if (score > 3) {
const { weight, unit } = await $weigh({ kind: mood });
if (weight > score) {\n${acted("wildly")}\n} else {\n${acted("boldly")}\n}
} else {\n${acted("calmly")}\n}`,
    text: `workflow Main { input { kind: string } ${stagePick("transition if score > 3 => Weigh transition else => Calm")}
  stage Weigh { handler: weigh(kind: Pick.mood) output: { weight: number unit: string } transition if weight > Pick.score => Wild transition else => Bold }
  ${stageAct("Wild", "wildly")} ${stageAct("Bold", "boldly")} ${stageAct("Calm", "calmly")} }`,
  },
  {
    name: "a question that nobody needs the answer of",
    handlers,
    input,
    output,
    body: `await approval({ prompt: "Go on?" });\n${found}\n${done}`,
    text: `workflow Main { input { topic: string } stage Ask { approve: "Go on?" on rejected => Find } ${stageFind()} ${stageSave} }`,
  },
  {
    name: "a switch",
    handlers: pieces,
    input: "{ kind: string }",
    output: "{ ok?: boolean; note?: string }",
    body: `const { mood, score } = await $pick({ kind: input.kind });
switch (mood) {\ncase "wild": {\n${acted("wildly")}\n}\ndefault: {\n${acted("calmly")}\n}\n}`,
    text: `workflow Main { input { kind: string } ${stagePick('transition if mood.eq("wild") => Wild transition else => Calm')}
  ${stageAct("Wild", "wildly")} ${stageAct("Calm", "calmly")} }`,
  },
];
