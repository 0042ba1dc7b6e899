/** The HTTP server: routes on a socket, the guard before them, and an orderly end. */
import type { Socket } from "node:net";
import { HeddleError, type RuntimeApi } from "@heddle/core";
import { formatAddress } from "@heddle/wire";
import { encodeHttpError, requestBytesMax } from "@heddle/wire/http";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { type HttpEdgeContext, sendError } from "./edge.ts";
import { createGuard, type GuardOptions } from "./guard.ts";
import { openApiDocument } from "./openapi.ts";
import { routesOf } from "./routes.ts";

/** What a server serves, and where. Port 0 takes any free one. */
export interface HttpServerOptions extends Omit<HttpEdgeContext, "stopping">, GuardOptions {
  readonly api: RuntimeApi;
  readonly port: number;
  readonly version: string;
}

/** A server that answers. */
export interface HttpServer {
  /** `host:port` as bound. */
  readonly address: string;
  /** Takes no new requests, ends followers and long polls, lets the others finish within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Listens. Errors: `config-invalid` when the address cannot be bound. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const stopping = new AbortController();
  const context: HttpEdgeContext = {
    authenticate: (secret) => options.authenticate(secret),
    report: (path, error) => options.report(path, error),
    stopping: stopping.signal,
  };
  const app = createApp(context);
  const guard = createGuard(context, options);
  app.decorateRequest("principal", null);
  app.addHook("onRequest", async (request, reply) => ((await guard(request, reply)) ? reply : undefined));
  for (const { verb, path, serve } of [...routesOf(options.api), ...ownRoutes(options.version)]) {
    app.route({ method: verb, url: path.replaceAll(/\{(\w+)\}/g, ":$1"), handler: serve(context) });
  }
  const { host, port } = options;
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const why = error instanceof Error ? error.message : "refused";
    const hint = "is another daemon running there? Name a free port with --http-port, or 0 for any";
    throw new HeddleError("config-invalid", `cannot listen on ${formatAddress({ host, port })}: ${why}; ${hint}`, { cause: error });
  }
  const bound = app.server.address();
  return {
    address: formatAddress({ host, port: typeof bound === "object" && bound !== null ? bound.port : port }),
    stop: async (graceMs) => {
      stopping.abort(new HeddleError("shutting-down", "the daemon is shutting down"));
      const timer = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(timer);
    },
  };
}

function createApp(context: HttpEdgeContext): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: requestBytesMax,
    requestTimeout: 120_000,
    forceCloseConnections: "idle",
    // Who comes while the daemon stops is told so in our words, by the guard.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors: (error, request, reply) => sendError(context, request as FastifyRequest, reply as unknown as FastifyReply, error),
    clientErrorHandler: answerClientError,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => sendError(context, request, reply, error));
  app.setNotFoundHandler((request) => {
    throw new HeddleError(
      "route-not-found",
      `there is no ${request.method} ${request.url.split("?")[0]?.slice(0, 256)}; see /openapi.json`,
    );
  });
  return app;
}

/** What the server answers by itself. */
function ownRoutes(version: string) {
  let document: string | undefined;
  const answer = (text: () => string) => () => async (_: FastifyRequest, reply: FastifyReply) => {
    reply.type("application/json; charset=utf-8");
    return text();
  };
  const openApi = () => {
    document ??= JSON.stringify(openApiDocument(version));
    return document;
  };
  return [
    { verb: "GET", path: "/health", serve: answer(() => '{"status":"ok"}') },
    { verb: "GET", path: "/openapi.json", serve: answer(openApi) },
  ];
}

/** Bytes that are no HTTP, or too much of it. There is no request to answer, only a connection. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const { status, body } = encodeHttpError(new HeddleError("request-invalid", "the request is not HTTP that can be read"));
  const head = `HTTP/1.1 ${status} Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  socket.end(`${head}${body}`);
}
