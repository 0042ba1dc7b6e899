/** OpenAPI 3.1, made from the table of routes and its schemas, so that the two cannot differ. */
import * as core from "@heddle/core";
import { HttpErrorBody, type HttpRouteInfo, httpRoutes } from "@heddle/wire/http";
import * as z from "zod";

type Json = Record<string, unknown>;

interface ObjectSchema extends Json {
  readonly properties?: Record<string, Json>;
  readonly required?: readonly string[];
}

interface Operation {
  readonly group: string;
  readonly name: string;
  readonly route: HttpRouteInfo;
}

/** The document for a daemon of this version. */
export function openApiDocument(version: string): Json {
  const operations = Object.entries(httpRoutes).flatMap(([group, routes]) =>
    Object.entries<HttpRouteInfo>(routes).map(([name, route]): Operation => ({ group, name, route })),
  );
  const { names, schemas } = namedSchemas(operations);
  const paths: Record<string, Record<string, Json>> = {};
  for (const { group, name, route } of operations) {
    const { properties = {}, required = [] } = (schemas[names.get(route.request) ?? ""] ?? {}) as ObjectSchema;
    const described = {
      operationId: `${group}.${name}`,
      tags: [group],
      summary: route.summary,
      parameters: parametersOf(route, properties, required),
      ...bodyOf(route, properties, required),
      responses: { ...answersOf(route, names), default: { description: "an error", content: jsonOf("Error") } },
    };
    paths[route.path] = { ...paths[route.path], [route.verb.toLowerCase()]: described };
  }
  const answers = { "200": { description: "it does" } };
  paths["/health"] = { get: { operationId: "health", summary: "Whether the daemon answers.", security: [], responses: answers } };
  return {
    openapi: "3.1.0",
    info: { title: "Heddle", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: reachable(paths, schemas, streamedBy(operations, names)),
    },
  };
}

/** Every schema under the name that core exports it by; others have that of their method. */
function namedSchemas(operations: readonly Operation[]) {
  const names = new Map<unknown, string>([[HttpErrorBody, "Error"]]);
  for (const [name, value] of Object.entries(core)) {
    if (value instanceof z.ZodType) names.set(value, name.replace(/Schema$/, ""));
  }
  for (const { group, name, route } of operations) {
    if (!names.has(route.request)) names.set(route.request, `${group}.${name}.request`);
    if (!names.has(route.response)) names.set(route.response, `${group}.${name}.answer`);
  }
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema as z.ZodType, { id });
  const { schemas } = z.toJSONSchema(registry, {
    uri: refOf,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const name = names.get(zodSchema);
      if (name === "JsonValue") jsonSchema.description = "any JSON value, at most 128 levels deep";
      if (name === "JsonObject") jsonSchema.type = "object";
    },
  });
  return { names, schemas };
}

function parametersOf(route: HttpRouteInfo, properties: Record<string, Json>, required: readonly string[]): readonly Json[] {
  const parameters: Json[] = [];
  for (const name of route.params) parameters.push({ name, in: "path", required: true, schema: properties[name] });
  for (const name of route.query) parameters.push({ name, in: "query", required: required.includes(name), schema: properties[name] });
  if (route.stream?.resumes === true) parameters.push({ name: "Last-Event-ID", in: "header", required: false, schema: { type: "string" } });
  return parameters;
}

function bodyOf(route: HttpRouteInfo, properties: Record<string, Json>, required: readonly string[]): Json {
  const members = Object.keys(properties).filter((name) => !route.params.includes(name) && !route.query.includes(name));
  if (members.length === 0) return {};
  const needed = required.filter((name) => members.includes(name));
  const schema = {
    type: "object",
    properties: Object.fromEntries(members.map((name) => [name, properties[name]])),
    ...(needed.length === 0 ? {} : { required: needed }),
    additionalProperties: false,
  };
  return { requestBody: { required: needed.length > 0, content: { "application/json": { schema } } } };
}

function answersOf({ answer, response, stream }: HttpRouteInfo, names: ReadonlyMap<unknown, string>): Json {
  if (answer === "nothing") return { "204": { description: "done" } };
  if (answer === "json") return { "200": { description: "the answer", content: jsonOf(names.get(response) ?? "") } };
  const item = names.get(stream?.item) ?? "";
  const schema = { type: "string", description: `\`id\`: ${stream?.id}, \`event\`: the kind, \`data\`: an ${item}` };
  const streamed = { "200": { description: "events", content: { "text/event-stream": { schema } } } };
  if (stream?.resumes !== true) return streamed;
  return { ...streamed, "204": { description: "the run has ended, and nothing is left to tell" } };
}

function jsonOf(id: string): Json {
  return { "application/json": { schema: { $ref: refOf(id) } } };
}

function refOf(id: string): string {
  return `#/components/schemas/${id}`;
}

function streamedBy(operations: readonly Operation[], names: ReadonlyMap<unknown, string>): readonly string[] {
  return operations.flatMap(({ route: { stream } }) => (stream === undefined ? [] : [names.get(stream.item) ?? ""]));
}

/** The schemas that the paths lead to, without the marks of documents of their own; with those of streamed events. */
function reachable(paths: Json, schemas: Record<string, Json>, streamed: readonly string[]): Record<string, Json> {
  const found: Record<string, Json> = {};
  const open = [...refsIn(paths), ...streamed];
  for (const id of open) {
    if (found[id] !== undefined) continue;
    const { $id: _, $schema: __, ...schema } = schemas[id] ?? {};
    found[id] = schema;
    open.push(...refsIn(schema));
  }
  return found;
}

function refsIn(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] as string);
}
