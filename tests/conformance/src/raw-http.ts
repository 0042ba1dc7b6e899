/** An HTTP exchange of bare bytes, to send what no client of ours would. */
import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { adminSecret } from "./fake-engine.ts";
import { portOf } from "./wires.ts";

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default: that of the admin. Empty: none. */
  readonly token?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

/** Opens an exchange, and returns when its headers have come. */
export async function openHttp(address: string, path: string, options: RawRequest = {}): Promise<IncomingMessage> {
  const { method = "GET", headers = {}, body, token = adminSecret } = options;
  const bearer = token === "" ? {} : { authorization: `Bearer ${token}` };
  const sent = request({ host: "127.0.0.1", port: portOf(address), method, path, agent: false, headers: { ...bearer, ...headers } });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return answer;
}

/** A whole exchange. */
export async function rawHttp(address: string, path: string, options: RawRequest = {}): Promise<RawAnswer> {
  const answer = await openHttp(address, path, options);
  let text = "";
  for await (const piece of answer.setEncoding("utf8")) text += piece;
  const json: unknown = /json/.test(answer.headers["content-type"] ?? "") ? JSON.parse(text) : undefined;
  return { status: answer.statusCode ?? 0, headers: answer.headers, text, json };
}

/** Sends bytes on a connection of their own, and returns all that comes back. */
export async function rawBytes(address: string, bytes: string): Promise<string> {
  const socket = connect(portOf(address), "127.0.0.1");
  socket.write(bytes);
  let text = "";
  for await (const piece of socket.setEncoding("utf8")) text += piece;
  return text;
}
