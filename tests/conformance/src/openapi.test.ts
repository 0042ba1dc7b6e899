/** The OpenAPI document of a daemon: sound, whole, and true of the routes. */
import { httpRoutes } from "@heddle/wire/http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeEngine, startFakeDaemon, temporaryFolder } from "./fake-engine.ts";
import { rawHttp } from "./raw-http.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, { readonly schema: { properties: object } }> };
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, { readonly schema: unknown }> }>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown>; readonly securitySchemes: object };
}

let document: Document;
const daemon = startFakeDaemon(createFakeEngine(), { home: temporaryFolder() });

beforeAll(async () => {
  const { httpAddress = "" } = await daemon;
  const answer = await rawHttp(httpAddress, "/openapi.json");
  expect(answer.status).toBe(200);
  document = answer.json as Document;
});

afterAll(async () => (await daemon).close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ path, verb: verb.toUpperCase(), operation })),
  );

/** Every `$ref` in a value. */
function refsIn(value: unknown): readonly string[] {
  return [...JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] as string);
}

const known = new Set(
  (
    "type properties required additionalProperties items anyOf oneOf allOf not enum const pattern format description default propertyNames " +
    "minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems prefixItems $ref"
  ).split(" "),
);

/** What is no JSON Schema of draft 2020-12 in a schema, with its place. */
function faultsOf(schema: unknown, at: string): readonly string[] {
  if (typeof schema === "boolean") return [];
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return [`${at} is no schema`];
  const faults: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (!known.has(key)) faults.push(`${at}: ${key} is no keyword`);
    if (key === "properties") {
      for (const [name, member] of Object.entries(value as object)) faults.push(...faultsOf(member, `${at}.${name}`));
    }
    if (["items", "additionalProperties", "not", "propertyNames"].includes(key)) faults.push(...faultsOf(value, `${at}.${key}`));
    if (["anyOf", "oneOf", "allOf", "prefixItems"].includes(key)) {
      for (const [i, member] of (value as unknown[]).entries()) faults.push(...faultsOf(member, `${at}.${key}.${i}`));
    }
    if (key === "required") {
      const members = Object.keys((schema as { properties?: object }).properties ?? {});
      for (const name of value as string[]) if (!members.includes(name)) faults.push(`${at}: ${name} is required and not described`);
    }
    if (key === "pattern") new RegExp(value as string, "u");
  }
  return faults;
}

describe("openapi.json", () => {
  it("is OpenAPI 3.1 of this daemon", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(document.info).toMatchObject({ title: "Heddle", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(document.components.securitySchemes).toEqual({ token: { type: "http", scheme: "bearer" } });
  });

  it("has every route, and health, and nothing else", () => {
    const routes = Object.entries(httpRoutes).flatMap(([group, methods]) =>
      Object.entries(methods).map(([name, { verb, path }]) => `${verb} ${path} ${group}.${name}`),
    );
    const told = operations().map(({ verb, path, operation }) => `${verb} ${path} ${operation.operationId}`);
    expect(told.toSorted()).toEqual([...routes, "GET /health health"].sort());
  });

  it("describes each parameter in a path, and no other", () => {
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const { parameters = [] } = operation;
      expect(parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name)).toEqual(inPath);
      for (const parameter of parameters) {
        expect(parameter).toMatchObject({ in: expect.stringMatching(/^(path|query|header)$/), schema: expect.anything() });
        if (parameter.in === "path") expect(parameter.required).toBe(true);
      }
      const names = parameters.map(({ name, in: place }) => `${place} ${name}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it("describes each answer, and the form of errors", () => {
    for (const { operation } of operations()) {
      expect(operation.summary).not.toBe("");
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      for (const { description } of Object.values(operation.responses)) expect(description).not.toBe("");
      if (operation.operationId === "health") continue;
      expect(operation.responses["default"]?.content?.["application/json"]?.schema).toEqual({ $ref: "#/components/schemas/Error" });
    }
  });

  it("says what each stream carries, and which of them resume", () => {
    const streams = operations().filter(({ operation }) => operation.responses["200"]?.content?.["text/event-stream"] !== undefined);
    const told = streams.map(({ operation: { operationId, parameters = [], responses } }) => [
      operationId,
      JSON.stringify(responses["200"]?.content).match(/an (\w+)"/)?.[1],
      parameters.some(({ name }) => name === "Last-Event-ID"),
    ]);
    expect(told).toEqual([
      ["runs.follow", "EventRecord", true],
      ["approvals.follow", "ApprovalChange", false],
    ]);
  });

  it("asks for bodies where there is something to say", () => {
    const bodyOf = (path: string) => document.paths[path]?.["post"]?.requestBody;
    expect(Object.keys(bodyOf("/v1/runs")?.content["application/json"]?.schema.properties ?? {})).toEqual([
      "bundle",
      "workflow",
      "input",
      "idempotencyKey",
    ]);
    expect(bodyOf("/v1/runs")?.required).toBe(true);
    expect(bodyOf("/v1/runs/{runId}/pause")?.required).toBe(false);
    expect(Object.keys(bodyOf("/v1/runs/{runId}/pause")?.content["application/json"]?.schema.properties ?? {})).toEqual(["reason"]);
    expect(bodyOf("/v1/tokens/{id}/revoke")).toBeUndefined();
  });

  it("refers to schemas that are there, and holds none that nothing leads to", () => {
    const names = Object.keys(document.components.schemas);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
    const refs = [...refsIn(document.paths), ...refsIn(document.components.schemas)];
    for (const ref of refs) expect(names).toContain(/^#\/components\/schemas\/([^/]+)$/.exec(ref)?.[1]);
    const used = new Set(refs.map((ref) => ref.split("/").at(-1)));
    const streamed = ["EventRecord", "ApprovalChange"];
    expect(names.filter((name) => !used.has(name) && !streamed.includes(name))).toEqual([]);
  });

  it("holds schemas only that are JSON Schema", () => {
    const faults = Object.entries(document.components.schemas).flatMap(([name, schema]) => faultsOf(schema, name));
    for (const { path, operation } of operations()) {
      for (const { name, schema } of operation.parameters ?? []) faults.push(...faultsOf(schema, `${path} ${name}`));
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) faults.push(...faultsOf(schema, path));
    }
    expect(faults).toEqual([]);
    expect(faultsOf({ type: "object", required: ["a"], nonsense: 1 }, "x")).toHaveLength(2);
  });
});
