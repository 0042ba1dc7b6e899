/**
 * A server on loopback that stands for every host of the network, with a resolver and a dialer that say what a
 * test wants and a clock that moves when the server says so. No packet goes anywhere else.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { HeddleError } from "@heddle/core";
import type { Clock } from "@heddle/ports";
import { type HostRule, parseHostRules } from "../destinations/host-rules.ts";
import { createHttpGuard, type HttpAnswer, type HttpCall, type HttpGuard } from "../destinations/http-guard.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { Response, TriedRequest } from "./http-families.ts";
import { testCertificate } from "./test-certificate.ts";

const limits = { timeMs: 5_000, requestBytesMax: 65_536, headerBytesMax: 16_384, responseBytesMax: 65_536, redirectsMax: 5 };

/** What reached the server. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export class HttpWorld {
  readonly dialled: string[] = [];
  readonly seen: Seen[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<() => void>();
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #tcp: Server;
  #tried: TriedRequest = { url: "" };
  readonly #asked = new Map<string, number>();

  private constructor() {
    this.#tcp = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      if (this.#tried.secure !== true) this.#http.emit("connection", socket);
      else {
        const secured = new TLSSocket(socket, { isServer: true, ...testCertificate });
        secured.on("error", () => undefined);
        this.#http.emit("connection", secured);
      }
    });
    this.#http.on("clientError", (_, socket) => socket.destroy());
  }

  static async open(): Promise<HttpWorld> {
    const world = new HttpWorld();
    await new Promise<void>((done) => world.#tcp.listen(0, "127.0.0.1", done));
    return world;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#tcp.close(done));
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Timers that are armed. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets all time pass. */
  passTime(): void {
    for (const fire of [...this.#timers]) fire();
  }

  readonly clock: Clock = {
    nowMs: () => 0,
    setTimer: (_, fire) => {
      this.#timers.add(fire);
      return () => void this.#timers.delete(fire);
    },
  };

  guard(): HttpGuard {
    return createHttpGuard({
      clock: this.clock,
      limits,
      trusted: [testCertificate.cert],
      resolver: (host) => Promise.resolve(this.#resolve(host)),
      dialer: (address, port) => this.#dial(address, port),
    });
  }

  /** Makes the requests of a case, following every redirect that is allowed. */
  async try(tried: TriedRequest, more: Partial<HttpCall> = {}): Promise<HttpAnswer | Refusal> {
    this.#tried = tried;
    const guard = this.guard();
    const call: HttpCall = {
      url: tried.url,
      policy: { rules: rulesOf(tried.rules ?? ["*"]), privateRules: rulesOf(tried.privateRules ?? []) },
      follow: () => ({ kind: "follow" }),
      ...(tried.method === undefined ? {} : { method: tried.method }),
      ...(tried.headers === undefined ? {} : { headers: tried.headers }),
      ...(tried.bodyBytes === undefined ? {} : { body: new Uint8Array(tried.bodyBytes) }),
      ...more,
    };
    for (let time = 1; time < (tried.times ?? 1); time++) await guard.request(call);
    return guard.request(call);
  }

  #resolve(host: string): readonly string[] {
    const answers = this.#tried.names?.[host] ?? [["93.184.215.14"]];
    const asked = this.#asked.get(host) ?? 0;
    this.#asked.set(host, asked + 1);
    return answers[Math.min(asked, answers.length - 1)] ?? [];
  }

  #dial(address: string, port: number): Promise<Socket> {
    this.dialled.push(`${address} ${port}`);
    const down = this.#tried.down?.includes(address) === true;
    const { port: here } = this.#tcp.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      if (down) reject(Object.assign(new HeddleError("daemon-unreachable", "down"), { code: "ECONNREFUSED" }));
      else {
        const socket = connect({ host: "127.0.0.1", port: here }, () => resolve(socket));
        socket.once("error", reject);
      }
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const path = request.url ?? "";
    this.seen.push({ method: request.method ?? "", path, headers: request.headers, body });
    await this.#answer(response, this.#tried.responses?.[path] ?? {});
  }

  async #answer(response: ServerResponse, spec: Response): Promise<void> {
    const { socket } = response;
    if (spec.raw !== undefined) return void socket?.end(spec.raw);
    if (spec.breakOff === "before-head") return void socket?.destroy();
    if (spec.stall === "in-head") socket?.write("HTTP/1.1 200 OK\r\nX-Half: ");
    if (spec.stall === "in-head" || spec.stall === "before-head") return this.passTime();
    const bytes = packedBytes(spec);
    response.writeHead(spec.status ?? 200, { ...spec.headers, ...(spec.packed && { "content-encoding": spec.packed }) });
    if (spec.emptyPieces === true) return writeWhileWanted(response, gzipSync(""));
    if (spec.drip === true) return this.#drip(response);
    if (spec.endless === true) return writeForEver(response);
    if (spec.breakOff !== undefined || spec.stall !== undefined) {
      // The other end has the head once it has something of the body.
      await new Promise<void>((done) => response.write("half", () => done()));
      return spec.stall === undefined ? void socket?.destroy() : this.passTime();
    }
    response.end(bytes);
  }

  /** The time is up in the middle of it. */
  #drip(response: ServerResponse): void {
    let dripped = 0;
    const next = (): void => {
      if (response.destroyed || response.socket?.destroyed === true) return;
      response.write(".");
      if (++dripped === 50) this.passTime();
      setImmediate(next);
    };
    next();
  }
}

function writeForEver(response: ServerResponse): void {
  if (response.destroyed || response.socket?.destroyed === true) return;
  response.write(Buffer.alloc(1_000));
  setImmediate(() => writeForEver(response));
}

function packedBytes({ zeros, packed }: Response): Buffer {
  const bytes = zeros === undefined ? Buffer.from("fine") : Buffer.alloc(zeros);
  if (packed === undefined) return bytes;
  return packed === "gzip" ? gzipSync(bytes) : packed === "deflate" ? deflateSync(bytes) : brotliCompressSync(bytes);
}

function writeWhileWanted(response: ServerResponse, piece: Buffer): void {
  let left = 1_000_000;
  const more = (): void => {
    while (left-- > 0 && !response.destroyed) if (!response.write(piece)) return void response.once("drain", more);
    response.end();
  };
  more();
}

function rulesOf(texts: readonly string[]): readonly HostRule[] {
  const rules = parseHostRules(texts);
  if (isRefusal(rules)) throw new HeddleError("config-invalid", rules.message);
  return rules;
}
