/**
 * A wire method: one RPC as four functions between values of core and bytes.
 *
 * What comes from the other side is parsed here, once, by the schema of core. A request that cannot be
 * read is `request-invalid`; an answer that cannot be read is `internal`, for then the two sides do not
 * speak the same contract. Generated types never leave this package.
 */
import { adoptJson, type ErrorCode, HeddleError } from "@heddle/core";
import type * as z from "zod";

/** One RPC. `Request` and `Response` are values of core; of a stream, one message of it. */
export interface WireMethod<Request, Response> {
  /** As HTTP/2 names it: `/heddle.runs.v1.RunsService/StartRun`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** @throws HeddleError `request-invalid` when it does not fit the contract; `value-invalid`, `value-too-deep` for values in it. */
  encodeRequest(request: Request): Buffer;
  /** @throws HeddleError `request-invalid`, `value-too-large`, `value-too-deep`. */
  decodeRequest(bytes: Buffer): Request;
  encodeResponse(response: Response): Buffer;
  /** @throws HeddleError `internal` when the answer does not fit the contract. */
  decodeResponse(bytes: Buffer): Response;
}

/** The part of a generated method definition that a codec needs. */
interface Definition<RequestMessage, ResponseMessage> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: RequestMessage) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => RequestMessage;
  readonly responseSerialize: (message: ResponseMessage) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => ResponseMessage;
}

interface Codec<RequestMessage, ResponseMessage, Request, Response> {
  readonly request: z.ZodType<Request>;
  readonly response: z.ZodType<Response>;
  /** Members of a request that hold values of foreign code: adopted before they are checked. */
  readonly jsonMembers?: readonly string[];
  readonly toRequest: (message: RequestMessage) => unknown;
  readonly fromRequest: (request: Request) => RequestMessage;
  readonly toResponse: (message: ResponseMessage) => unknown;
  readonly fromResponse: (response: Response) => ResponseMessage;
}

/** Joins a generated definition with its codec. */
export function wireMethod<RequestMessage, ResponseMessage, Request, Response>(
  definition: Definition<RequestMessage, ResponseMessage>,
  codec: Codec<RequestMessage, ResponseMessage, Request, Response>,
): WireMethod<Request, Response> {
  const { path, requestStream, responseStream } = definition;
  return {
    path,
    requestStream,
    responseStream,
    encodeRequest: (request) =>
      guarded("request-invalid", "the request", () =>
        definition.requestSerialize(
          codec.fromRequest(parsed(codec.request, adopted(request, codec.jsonMembers ?? []), "request-invalid", "the request")),
        ),
      ),
    decodeRequest: (bytes) =>
      guarded("request-invalid", "the request", () =>
        parsed(codec.request, codec.toRequest(definition.requestDeserialize(bytes)), "request-invalid", "the request"),
      ),
    encodeResponse: (response) => definition.responseSerialize(codec.fromResponse(response)),
    decodeResponse: (bytes) =>
      guarded("internal", "the answer", () =>
        parsed(codec.response, codec.toResponse(definition.responseDeserialize(bytes)), "internal", "the answer"),
      ),
  };
}

/** A request whose members that hold values of foreign code are adopted. */
export function adopted(request: unknown, jsonMembers: readonly string[]): unknown {
  const exact = present(request);
  if (jsonMembers.length === 0 || typeof exact !== "object" || exact === null) return exact;
  const own = Object.entries(exact).filter(([name]) => jsonMembers.includes(name));
  return { ...exact, ...Object.fromEntries(own.map(([name, value]) => [name, adoptJson(value)])) };
}

/** A copy without the members that are undefined: absent, as core's exact schemas want it. Other values stay. */
export function present<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value);
  if (entries.every((entry) => entry[1] !== undefined)) return value;
  return Object.fromEntries(entries.filter((entry) => entry[1] !== undefined)) as Value;
}

/** The value as its schema has it. @throws HeddleError the code, naming the first members that do not fit. */
export function parsed<Value>(schema: z.ZodType<Value>, value: unknown, code: ErrorCode, what: string): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.length === 0 ? what : issue.path.join(".")}: ${issue.message}`);
  throw new HeddleError(code, `${what} is not valid: ${lines.join("; ")}`);
}

/** Runs, and tells errors that are not ours by the code. */
export function guarded<Value>(code: ErrorCode, what: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (HeddleError.is(error)) throw error;
    // A parser's own error: bytes that are no message of this type, a number out of range, a value too deep to walk.
    throw new HeddleError(code, `${what} cannot be read`, { cause: error });
  }
}
