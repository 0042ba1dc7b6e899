/**
 * What a request has to show before anything else is looked at: that it names this daemon (a page that
 * made its own name point here does not), that it comes from no page that nobody allowed, and a token.
 */
import { HeddleError } from "@heddle/core";
import { isLoopbackHost } from "@heddle/wire/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpEdgeContext } from "./edge.ts";

/** Whom the guard lets pass. */
export interface GuardOptions {
  /** As configured. */
  readonly host: string;
  readonly corsOrigins: readonly string[];
}

/** Served without a token. */
const openPaths: ReadonlySet<string> = new Set(["/health"]);

/** Looks at a request before its body is read. Resolves with true where the request has been answered. */
export function createGuard(context: HttpEdgeContext, { host, corsOrigins }: GuardOptions) {
  const origins = new Set(corsOrigins);
  const names = new Set([host.toLowerCase(), ...corsOrigins.map((origin) => hostNameOf(origin.replace(/^https?:\/\//, "")) ?? "")]);

  function assertHost(request: FastifyRequest): void {
    const name = hostNameOf(request.headers.host ?? "");
    if (name !== undefined && (isLoopbackHost(name) || names.has(name) || name === boundAddressOf(request))) return;
    throw new HeddleError("permission-denied", "the request names another host than this daemon (http.host, http.corsOrigins)");
  }

  function assertOrigin(request: FastifyRequest, reply: FastifyReply): void {
    const { origin } = request.headers;
    reply.header("vary", "origin");
    if (origin === undefined || origin === `http://${request.headers.host}`) return;
    if (!origins.has(origin)) throw new HeddleError("permission-denied", "pages of this origin may not use the daemon (http.corsOrigins)");
    reply.header("access-control-allow-origin", origin);
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
    reply.header("x-content-type-options", "nosniff").header("cache-control", "no-store");
    assertHost(request);
    assertOrigin(request, reply);
    if (isPreflight(request)) {
      reply
        .header("access-control-allow-methods", "GET, POST, DELETE")
        .header("access-control-allow-headers", "authorization, content-type, last-event-id")
        .header("access-control-max-age", "600");
      reply.code(204).send();
      return true;
    }
    context.stopping.throwIfAborted();
    if (request.method === "GET" && openPaths.has(request.routeOptions.url ?? "")) return false;
    const secret = /^Bearer (\S{1,1024})$/i.exec(request.headers.authorization ?? "")?.[1];
    const principal = secret === undefined ? undefined : await context.authenticate(secret);
    if (principal === undefined) {
      const why = secret === undefined ? "the request carries no token" : "the token is unknown or revoked";
      throw new HeddleError("unauthenticated", why);
    }
    request.setDecorator("principal", principal);
    return false;
  };
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** The name in `host`, `host:port` or `[host]:port`, in lower case. */
function hostNameOf(authority: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]@]+))(?::\d{1,5})?$/i.exec(authority);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** The address that the connection came in at: of a daemon that listens on all of them, any is its own. */
function boundAddressOf({ socket }: FastifyRequest): string | undefined {
  return socket.localAddress?.replace(/^::ffff:/, "").toLowerCase();
}
