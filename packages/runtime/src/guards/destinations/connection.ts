/**
 * From a destination to a connection with an address that was looked at: the name is resolved at the moment
 * of dialling, every address of the answer is judged, and one that was judged is dialled as an address. No
 * connection is kept for a later request, whose answer might be another.
 */
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type SecureVersion } from "node:tls";
import { isRefusal, type Refusal, refuse, shown } from "../refusal.ts";
import type { Destination } from "./destination.ts";
import { type DestinationPolicy, judgeAddress, judgeDestination, placeOf } from "./judge-destination.ts";
import type { Stop } from "./stop.ts";

/** All addresses of a name, of both families; rejects or gives none where there are none. */
export type Resolver = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** A connection with an address that was judged. Resolves once it is there. */
export type Dialer = (address: string, port: number, signal: AbortSignal) => Promise<Duplex>;

export interface ConnectionOptions {
  readonly resolver: Resolver;
  readonly dialer: Dialer;
  /** Certificates that are trusted instead of the system's. */
  readonly trusted: readonly string[] | undefined;
}

export interface Connection {
  readonly stream: Duplex;
  /** The other end. */
  readonly address: string;
}

const tlsMin: SecureVersion = "TLSv1.2";

/**
 * Codes: those of {@link judgeDestination}, for any address of the answer; `host-not-found`,
 * `destination-unreachable`, `tls-refused`, and those of the stop.
 */
export async function openConnection(
  destination: Destination,
  policy: DestinationPolicy,
  options: ConnectionOptions,
  stop: Stop,
): Promise<Connection | Refusal> {
  const refused = judgeDestination(destination, policy);
  if (refused !== undefined) return refused;
  const addresses = destination.isAddress ? [destination.host] : await resolve(destination, options, stop);
  if (isRefusal(addresses)) return addresses;
  for (const address of addresses) {
    const wrong = judgeAddress(address, destination, policy);
    // One bad address spoils the answer: whoever mixes them hopes for the second try.
    if (wrong !== undefined) return wrong;
  }
  let failed: Refusal | undefined;
  for (const address of addresses) {
    const stream = await dial(address, destination, options, stop);
    if (!isRefusal(stream))
      return destination.scheme === "https" ? await secure(stream, address, destination, options, stop) : { stream, address };
    if (stop.refusal !== undefined) return stream;
    failed = stream;
  }
  return failed ?? notFound(destination);
}

async function resolve(destination: Destination, options: ConnectionOptions, stop: Stop): Promise<readonly string[] | Refusal> {
  try {
    const addresses = await stop.race(options.resolver(destination.host, stop.signal));
    return isRefusal(addresses) || addresses.length > 0 ? addresses : notFound(destination);
  } catch {
    return notFound(destination);
  }
}

function notFound(destination: Destination): Refusal {
  return refuse("host-not-found", `the name ${shown(destination.host)} has no address: correct it, or look at the resolver`);
}

async function dial(address: string, destination: Destination, options: ConnectionOptions, stop: Stop): Promise<Duplex | Refusal> {
  const dialled = options.dialer(address, destination.port, stop.signal);
  try {
    const stream = await stop.race(dialled);
    // A connection that comes after all is nobody's.
    if (isRefusal(stream)) dialled.then((late) => late.destroy()).catch(() => undefined);
    // Until it is handed to a request, an error of it would be nobody's either.
    else stream.on("error", () => undefined);
    return stream;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return refuse("destination-unreachable", `${placeOf(destination)} at ${address} cannot be reached (${code}): see whether it is up`);
  }
}

async function secure(
  stream: Duplex,
  address: string,
  destination: Destination,
  options: ConnectionOptions,
  stop: Stop,
): Promise<Connection | Refusal> {
  const ready = Promise.withResolvers<void>();
  const secured = connectTls({
    socket: stream,
    // The certificate is held against what was asked for, never against what a resolver made of it.
    host: destination.host,
    ...(destination.isAddress ? {} : { servername: destination.host }),
    ...(options.trusted === undefined ? {} : { ca: [...options.trusted] }),
    ALPNProtocols: ["http/1.1"],
    minVersion: tlsMin,
  });
  secured.once("secureConnect", ready.resolve);
  secured.on("error", ready.reject);
  secured.once("close", () => ready.reject(stop.refusal));
  try {
    const refused = await stop.race(ready.promise);
    if (!isRefusal(refused)) return { stream: secured, address };
    secured.destroy();
    return refused;
  } catch (error) {
    secured.destroy();
    const code = error instanceof Error && "code" in error ? String(error.code) : "closed";
    return refuse("tls-refused", `${placeOf(destination)} gives no connection that can be trusted (${code}): look at its certificate`);
  }
}

/** As the system resolves names, both families. */
export const systemResolver: Resolver = async (host) =>
  (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);

export const systemDialer: Dialer = (address, port, signal) =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: address, port });
    const stop = (): void => void socket.destroy();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    socket.once("connect", () => {
      signal.removeEventListener("abort", stop);
      socket.removeListener("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
    socket.once("close", () => {
      signal.removeEventListener("abort", stop);
      reject(signal.reason);
    });
  });
