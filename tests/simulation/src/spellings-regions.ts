/** Workflows that both languages can express: models, and what holds stages of its own. */
import type { Spelled } from "./spellings-cases.ts";

const work = "{ topic: string } => { title: string; words: number }";
const save = "{ all: unknown } => { saved: boolean; id: string }";
const output = "{ saved: boolean; id: string }";
const worked = (topic: string): string => `const { title, words } = await $work({ topic: ${topic} });\nreturn { title, words };`;
const saved = "const { saved, id } = await $save({ all });\nreturn { saved, id };";
const stageWork = (name: string, topic: string): string =>
  `stage ${name} { handler: work(topic: ${topic}) output: { title: string words: number } }`;
const stageSave = (all: string): string => `stage Save { handler: save(all: ${all}) output: { saved: bool id: string } }`;

export const regions: readonly Spelled[] = [
  {
    name: "a model that reads every input",
    models: { plan: ["Plan it.", "{ steps: t.array(t.string), good: t.boolean }"] },
    input: "{ task: string; place: string }",
    output: "{ steps: string[]; good: boolean }",
    body: "const { task, place } = input;\nconst { steps, good } = await plan({ task, place });\nreturn { steps, good };",
    text: `workflow Main { input { task: string place: string } stage Plan { prompt: "Plan it." output: { steps: string[] good: bool } } }`,
  },
  {
    name: "models that read what models gave",
    models: {
      plan: ["Plan it.", "{ steps: t.array(t.string), good: t.boolean }"],
      tell: ["Tell it.", '{ text: t.string, tone: t.enum("dry", "warm") }'],
    },
    input: "{ task: string }",
    output: '{ text: string; tone: "dry" | "warm" }',
    body: "const { task } = input;\nconst { steps, good } = await plan({ task });\nconst { text, tone } = await tell({ steps, good });\nreturn { text, tone };",
    text: `workflow Main { input { task: string } stage Plan { prompt: "Plan it." output: { steps: string[] good: bool } }
  stage Tell { prompt: "Tell it." input: Plan.steps, Plan.good output: { text: string tone: "dry" | "warm" } } }`,
  },
  {
    name: "a model that decides",
    handlers: { work },
    models: { judge: ["Is it good?", "{ score: t.number, why: t.string }", ", retry: { attemptsMax: 3 }, timeoutMs: 120000"] },
    input: "{ topic: string }",
    output: "{ title?: string; words?: number }",
    body: `const { topic } = input;\nconst { score, why } = await judge({ topic });\nif (score > 7) {\n${worked("topic")}\n} else {\n${worked("why")}\n}`,
    text: `workflow Main { input { topic: string }
  stage Judge { prompt: "Is it good?" retry: 3 timeout: 2m output: { score: number why: string }
    transition if score > 7 => Good transition else => Bad }
  ${stageWork("@exit Good", "topic")} ${stageWork("@exit Bad", "Judge.why")} }`,
  },
  {
    name: "a handler between models",
    handlers: { work },
    models: { draft: ["Draft it.", "{ text: t.string, long: t.boolean }"], polish: ["Polish it.", "{ text: t.string, long: t.boolean }"] },
    input: "{ topic: string }",
    output: "{ text: string; long: boolean }",
    body: "const { topic } = input;\nconst { text, long } = await draft({ topic });\nconst { title, words } = await $work({ topic: text });\nconst { text: better, long: still } = await polish({ title });\nreturn { text: better, long: still };",
    text: `workflow Main { input { topic: string } stage Draft { prompt: "Draft it." output: { text: string long: bool } } ${stageWork("Work", "Draft.text")}
  stage Polish { prompt: "Polish it." input: Work.title output: { text: string long: bool } } }`,
  },
  {
    name: "something for each item",
    handlers: { work, save },
    input: "{ topics: string[] }",
    output,
    body: `const all = await Promise.all(input.topics.map(async (topic) => {\n${worked("topic")}\n}));\n${saved}`,
    text: `workflow Main { input { topics: string[] } stage Each { map: topic in topics { ${stageWork("Work", "topic")} } output: { all: json } } ${stageSave("Each.all")} }`,
  },
  {
    name: "something for each item, with more from outside",
    handlers: { work: "{ topic: string; tone: string; most: number } => { title: string; words: number }", save },
    input: "{ topics: string[]; tone: string; most: number }",
    output,
    body: `const all = await Promise.all(input.topics.map(async (topic) => {
const { title, words } = await $work({ topic, tone: input.tone, most: input.most });\nreturn { title, words };\n}));\n${saved}`,
    text: `workflow Main { input { topics: string[] tone: string most: number }
  stage Each { map: topic in topics { with { voice: tone top: most }
    stage Work { handler: work(topic: topic, tone: voice, most: top) output: { title: string words: number } } } output: { all: json } }
  ${stageSave("Each.all")} }`,
  },
  {
    name: "several steps for each item of what a step gave",
    handlers: {
      list: "{ topic: string } => { topics: string[]; total: number }",
      work,
      check: "{ title: string } => { ok: boolean; why: string }",
      save,
    },
    input: "{ topic: string }",
    output,
    body: `const { topics, total } = await $list({ topic: input.topic });
const all = await Promise.all(topics.map(async (topic) => {
const { title, words } = await $work({ topic });\nconst { ok, why } = await $check({ title });\nreturn { ok, why };\n}));\n${saved}`,
    text: `workflow Main { input { topic: string } stage List { handler: list(topic: topic) output: { topics: string[] total: number } }
  stage Each { map: topic in List.topics { ${stageWork("Work", "topic")}
    stage Check { handler: check(title: Work.title) output: { ok: bool why: string } } } output: { all: json } }
  ${stageSave("Each.all")} }`,
  },
  {
    name: "ways that part for each item",
    handlers: { work, save },
    input: "{ topics: string[]; other: string }",
    output,
    body: `const all = await Promise.all(input.topics.map(async (topic) => {
const { title, words } = await $work({ topic });
if (words > 3) {\nconst { title: again, words: more } = await $work({ topic: title });\nreturn { title: again, words: more };\n} else {
const { title: again, words: more } = await $work({ topic: input.other });\nreturn { title: again, words: more };\n}\n}));\n${saved}`,
    text: `workflow Main { input { topics: string[] other: string }
  stage Each { map: topic in topics { with { o: other }
    stage Work { handler: work(topic: topic) output: { title: string words: number } transition if words > 3 => More transition else => Less }
    ${stageWork("@exit More", "Work.title")} ${stageWork("@exit Less", "o")} } output: { all: json } }
  ${stageSave("Each.all")} }`,
  },
  {
    name: "two things at the same time",
    handlers: { work, save: "{ left: unknown; right: unknown } => { saved: boolean; id: string }" },
    input: "{ topic: string; other: string }",
    output,
    body: `const [left, right] = await Promise.all([(async () => {\n${worked("input.topic")}\n})(), (async () => {\n${worked("input.other")}\n})()]);
const { saved, id } = await $save({ left, right });\nreturn { saved, id };`,
    text: `workflow Main { input { topic: string other: string }
  stage Both { parallel: { left { with { a: topic } ${stageWork("Left", "a")} } right { with { b: other } ${stageWork("Right", "b")} } }
    output: { left: json right: json } }
  stage Save { handler: save(left: Both.left, right: Both.right) output: { saved: bool id: string } } }`,
  },
  {
    name: "three things at the same time, of different kinds",
    handlers: { work, save: "{ a: unknown; b: unknown; c: unknown } => { saved: boolean; id: string }" },
    models: { guess: ["Guess.", "{ text: t.string, sure: t.boolean }"] },
    input: "{ topic: string }",
    output,
    body: `const [a, b, c] = await Promise.all([(async () => {\n${worked("input.topic")}\n})(), (async () => {\nawait sleep("5s");\nreturn {};\n})(), (async () => {
const { topic } = input;\nconst { text, sure } = await guess({ topic });\nreturn { text, sure };\n})()]);
const { saved, id } = await $save({ a, b, c });\nreturn { saved, id };`,
    text: `workflow Main { input { topic: string }
  stage All { parallel: { a { with { x: topic } ${stageWork("A", "x")} } b { stage B { wait: 5s } }
      c { with { topic: topic } stage C { prompt: "Guess." output: { text: string sure: bool } } } }
    output: { a: json b: json c: json } }
  stage Save { handler: save(a: All.a, b: All.b, c: All.c) output: { saved: bool id: string } } }`,
  },
  {
    name: "something for each item beside something else",
    handlers: { work, save: "{ a: unknown; b: unknown } => { saved: boolean; id: string }" },
    input: "{ topics: string[]; other: string }",
    output,
    body: `const [a, b] = await Promise.all([(async () => {
const all = await Promise.all(input.topics.map(async (topic) => {\n${worked("topic")}\n}));\nreturn { all };\n})(), (async () => {\n${worked("input.other")}\n})()]);
const { saved, id } = await $save({ a, b });\nreturn { saved, id };`,
    text: `workflow Main { input { topics: string[] other: string }
  stage Both { parallel: {
      a { with { ts: topics } stage Each { map: topic in ts { ${stageWork("Work", "topic")} } output: { all: json } } }
      b { with { o: other } ${stageWork("Other", "o")} } }
    output: { a: json b: json } }
  stage Save { handler: save(a: Both.a, b: Both.b) output: { saved: bool id: string } } }`,
  },
  {
    name: "several things at the same time for each item",
    handlers: { work, save },
    input: "{ topics: string[]; other: string }",
    output,
    body: `const all = await Promise.all(input.topics.map(async (topic) => {
const [a, b] = await Promise.all([(async () => {\n${worked("topic")}\n})(), (async () => {\n${worked("input.other")}\n})()]);
return { a, b };\n}));\n${saved}`,
    text: `workflow Main { input { topics: string[] other: string }
  stage Each { map: topic in topics { with { o: other }
    stage Both { parallel: { a { with { x: topic } ${stageWork("A", "x")} } b { with { y: o } ${stageWork("B", "y")} } } output: { a: json b: json } } }
    output: { all: json } }
  ${stageSave("Each.all")} }`,
  },
  {
    name: "a failure that is caught, for each item",
    handlers: { work, save, warn: "{ topic: string } => void", risk: "{ topic: string } => void" },
    input: "{ topics: string[] }",
    output,
    body: `const all = await Promise.all(input.topics.map(async (topic) => {
try {\nawait $risk({ topic });\n} catch {\nawait $warn({ topic });\n}\n${worked("topic")}\n}));\n${saved}`,
    text: `workflow Main { input { topics: string[] }
  stage Each { map: topic in topics {
    stage Safe { try: { with { t: topic } stage Risk { handler: risk(topic: t) } } catch: { with { t: topic } stage Warn { handler: warn(topic: t) } } }
    ${stageWork("Work", "topic")} } output: { all: json } }
  ${stageSave("Each.all")} }`,
  },
  {
    name: "a failure that is caught",
    handlers: { work, warn: "{ topic: string } => void", risk: "{ topic: string } => void" },
    input: "{ topic: string }",
    output: "{ title: string; words: number }",
    body: `try {\nawait $risk({ topic: input.topic });\n} catch {\nawait $warn({ topic: input.topic });\n}\n${worked("input.topic")}`,
    text: `workflow Main { input { topic: string }
  stage Safe { try: { with { t: topic } stage Risk { handler: risk(topic: t) } } catch: { with { t: topic } stage Warn { handler: warn(topic: t) } } }
  ${stageWork("Work", "topic")} }`,
  },
  {
    name: "a clean-up",
    handlers: { work, clean: "{ topic: string } => void", risk: "{ topic: string } => void" },
    input: "{ topic: string }",
    output: "{ title: string; words: number }",
    body: `try {\nawait $risk({ topic: input.topic });\nawait $risk({ topic: "again" });\n} finally {\nawait $clean({ topic: input.topic });\n}\n${worked("input.topic")}`,
    text: `workflow Main { input { topic: string }
  stage Safe { try: { with { t: topic } stage Risk { handler: risk(topic: t) } stage Again { handler: risk(topic: "again") } }
    finally: { with { t: topic } stage Clean { handler: clean(topic: t) } } }
  ${stageWork("Work", "topic")} }`,
  },
  {
    name: "a failure that is caught and cleaned up, after which it goes on",
    handlers: { work, warn: "{ topic: string } => void", risk: "{ topic: string } => void" },
    input: "{ topic: string; other: string }",
    output: "{ title: string; words: number }",
    body: `try {\nawait $risk({ topic: input.topic });\n} catch {\nawait sleep("5s");\n} finally {\nawait $warn({ topic: input.other });\n}\n${worked("input.topic")}`,
    text: `workflow Main { input { topic: string other: string }
  stage Safe { try: { with { t: topic } stage Risk { handler: risk(topic: t) } } catch: { stage Calm { wait: 5s } }
    finally: { with { t: other } stage Warn { handler: warn(topic: t) } } }
  ${stageWork("Work", "topic")} }`,
  },
];
