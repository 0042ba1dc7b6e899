/**
 * One node server: its connection, which is opened again whenever it ends, and the attempts that it carries out.
 *
 * Architecture invariant: what was asked for on a connection that ended is asked for again only where the
 * server remembers it. Everywhere else it is lost, and the run decides.
 */
import type { NodeDefinition, NodeParameter, NodeServerView } from "@heddle/core";
import type { Clock, NodeServerAddress, Outcome } from "@heddle/ports";
import type { Candidate } from "./choice.ts";
import type { DialNodeServer, NodeServerSocket } from "./dial.ts";
import { type ReadDefinitions, type Received, readMessage } from "./messages.ts";
import type { RemoteCall } from "./remote-call.ts";

const backoffFirstMs = 500;
const backoffMaxMs = 30_000;
/** From the first packet to the handshake. */
const handshakeMs = 10_000;
/** While something is in flight: how long a server may be silent before it is asked whether it is there, and then again. */
const silenceMs = 15_000;

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly dial: DialNodeServer;
  /** What it offers is known, or is another. */
  changed(): void;
  report(message: string): void;
}

interface Known {
  readonly serverUid: string;
  readonly serverPackageId: string | undefined;
  readonly displayName: string | undefined;
  /** Of a server that remembers executions. */
  readonly incarnation: string | undefined;
}

export class NodeServerConnection implements Candidate {
  readonly url: string;
  readonly token: string | undefined;
  readonly #addedAtMs: number;
  readonly #options: ConnectionOptions;
  readonly #calls = new Map<string, RemoteCall>();
  #socket: NodeServerSocket | undefined;
  #status: NodeServerView["status"] = "connecting";
  #message: string | undefined;
  #known: Known | undefined;
  #definitions: ReadonlyMap<string, NodeDefinition> = new Map();
  #backoffMs = backoffFirstMs;
  #disarmDial: (() => void) | undefined;
  #disarmSilence: (() => void) | undefined;
  #heard = false;
  #probed = false;
  #closed = false;
  #tried: (() => void) | undefined;
  /** Resolves with the first handshake, or the first failure. */
  readonly tried: Promise<void> = new Promise((resolve) => {
    this.#tried = resolve;
  });

  constructor(address: NodeServerAddress, addedAtMs: number, options: ConnectionOptions) {
    this.url = address.url;
    this.token = address.token;
    this.#addedAtMs = addedAtMs;
    this.#options = options;
    this.#dial();
  }

  get serverUid(): string {
    return this.#known?.serverUid ?? "";
  }
  get serverPackageId(): string | undefined {
    return this.#known?.serverPackageId;
  }
  get isConnected(): boolean {
    return this.#status === "connected";
  }
  get message(): string | undefined {
    return this.#message;
  }
  get inFlight(): number {
    return this.#calls.size;
  }
  get definitions(): ReadonlyMap<string, NodeDefinition> {
    return this.#definitions;
  }

  view(): NodeServerView {
    const known = this.#known;
    const nodes = [...this.#definitions.values()].map(({ uid, name, category, version }) => ({ uid, name, category, version }));
    return {
      url: this.url,
      status: this.#status,
      ...(this.#message === undefined ? {} : { message: this.#message }),
      ...(known === undefined ? {} : { serverUid: known.serverUid }),
      ...(known?.serverPackageId === undefined ? {} : { serverPackageId: known.serverPackageId }),
      ...(known?.displayName === undefined ? {} : { displayName: known.displayName }),
      nodes,
      inFlight: this.#calls.size,
      addedAtMs: this.#addedAtMs,
    };
  }

  /** Asks the server, which is connected, to carry out an attempt. */
  begin(call: RemoteCall, definition: NodeDefinition, parameters: readonly NodeParameter[]): void {
    call.goOn();
    call.prepare(definition, parameters, this.serverUid);
    // An earlier attempt of the same activation is over for the run, whatever the server makes of it.
    this.#calls.get(call.instanceId)?.settle({ kind: "aborted" });
    this.#calls.set(call.instanceId, call);
    this.#socket?.send(call.requestText(this.serverUid, false));
    this.#watch();
  }

  /** Asks the server to stop an attempt. Where it cannot be asked now, it is once it is back. */
  stop(call: RemoteCall): void {
    if (this.isConnected) this.#socket?.send(call.stopText(this.serverUid));
  }

  /** Whatever comes for it from now on goes nowhere. */
  forget(call: RemoteCall): void {
    if (this.#calls.get(call.instanceId) === call) this.#calls.delete(call.instanceId);
  }

  /** Ends the connection for good. What is in flight ends so. */
  close(outcome: Outcome): void {
    this.#closed = true;
    this.#disarmDial?.();
    this.#disarmSilence?.();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#status = "failed";
    this.#tried?.();
    this.#settleAll(outcome);
  }

  #dial(): void {
    this.#status = "connecting";
    let isCurrent = true;
    const socket = this.#options.dial(this.url, this.token, {
      message: (text) => {
        if (isCurrent && this.#socket === socket) this.#receive(readMessage(text));
      },
      closed: (reason) => {
        if (!isCurrent) return;
        isCurrent = false;
        if (this.#socket === socket) this.#lost(reason);
      },
    });
    this.#socket = socket;
    this.#disarmDial = this.#options.clock.setTimer(handshakeMs, () => this.#drop(`it sent no handshake within ${handshakeMs} ms`));
  }

  /** Ends a connection that is of no use; another is opened. */
  #drop(reason: string): void {
    const socket = this.#socket;
    this.#lost(reason);
    socket?.close();
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#socket = undefined;
    this.#disarmDial?.();
    this.#disarmSilence?.();
    this.#disarmSilence = undefined;
    this.#status = "failed";
    this.#message = reason;
    this.#disarmDial = this.#options.clock.setTimer(this.#backoffMs, () => this.#dial());
    this.#backoffMs = Math.min(this.#backoffMs * 2, backoffMaxMs);
    if (this.#known?.incarnation === undefined) this.#settleAll(lost(`the connection to the node server ${this.url} was lost: ${reason}`));
    else for (const call of this.#calls.values()) call.waitFor(`the node server ${this.url} is not connected: ${reason}`);
    this.#tried?.();
  }

  #receive(received: Received): void {
    this.#heard = true;
    switch (received.kind) {
      case "handshake":
        // Said again on the same connection, it is news of the nodes and of nothing else.
        if (!this.isConnected) this.#greet(received);
        else {
          this.#offer(received.nodes);
          this.#options.changed();
        }
        return;
      case "definitions":
        this.#offer(received.nodes);
        this.#options.changed();
        return;
      case "status": {
        const call = this.#calls.get(received.instanceId);
        if (call === undefined || call.nodeId !== received.nodeId) return;
        const outcome = call.outcomeOf(received.status);
        if (outcome !== undefined) this.#settle(call, outcome);
        return;
      }
      case "error":
        this.#refused(received);
        return;
      case "unreadable":
        if (this.#status === "connecting") this.#drop(`its handshake cannot be read: ${received.message}`);
        else this.#options.report(`${this.url} sent a message that cannot be read: ${received.message}`);
        return;
      default:
    }
  }

  #greet({ info, nodes }: Extract<Received, { kind: "handshake" }>): void {
    const before = this.#known?.incarnation;
    const incarnation = info.heddle?.incarnation;
    const { serverUid, serverPackageId, serverDisplayName } = info;
    this.#known = { serverUid, serverPackageId, displayName: serverDisplayName, incarnation };
    this.#disarmDial?.();
    this.#backoffMs = backoffFirstMs;
    this.#status = "connected";
    this.#message = undefined;
    this.#offer(nodes);
    if (incarnation === undefined || incarnation !== before) {
      this.#settleAll(lost(`the node server ${this.url} was started again, and does not remember what it was doing`));
    } else for (const call of this.#calls.values()) this.#resume(call);
    this.#watch();
    this.#tried?.();
    this.#options.changed();
  }

  #resume(call: RemoteCall): void {
    call.goOn();
    this.#socket?.send(call.requestText(this.serverUid, true));
    if (call.abort.aborted) this.stop(call);
  }

  #offer({ definitions, refused }: ReadDefinitions): void {
    this.#definitions = definitions;
    for (const message of refused) this.#options.report(`${this.url}: ${message}`);
  }

  /** The server says of a message of ours that it could not be served. */
  #refused({ instanceId, code, message }: Extract<Received, { kind: "error" }>): void {
    const call = instanceId === undefined ? undefined : this.#calls.get(instanceId);
    if (call === undefined) this.#options.report(`${this.url} could not serve a message: ${message}`);
    else if (call.abort.aborted) this.#settle(call, { kind: "aborted" });
    else if (code === "outcome-unknown") this.#settle(call, lost(message));
    else this.#settle(call, call.failed(message, false));
  }

  #settle(call: RemoteCall, outcome: Outcome): void {
    this.forget(call);
    call.settle(outcome);
  }

  #settleAll(outcome: Outcome): void {
    for (const call of [...this.#calls.values()]) this.#settle(call, call.abort.aborted ? { kind: "aborted" } : outcome);
  }

  /** A connection may end without a word: while something is in flight, silence is looked into. Idle, nothing is sent. */
  #watch(): void {
    if (this.#disarmSilence !== undefined || this.#calls.size === 0 || this.#known?.incarnation === undefined) return;
    this.#heard = false;
    this.#probed = false;
    const look = (): void => {
      this.#disarmSilence = undefined;
      if (this.#calls.size === 0) return;
      if (this.#probed && !this.#heard) {
        this.#drop(`it has not answered for ${silenceMs} ms`);
        return;
      }
      this.#probed = !this.#heard;
      if (this.#probed) this.#socket?.send(JSON.stringify({ type: "ping" }));
      this.#heard = false;
      this.#disarmSilence = this.#options.clock.setTimer(silenceMs, look);
    };
    this.#disarmSilence = this.#options.clock.setTimer(silenceMs, look);
  }
}

function lost(message: string): Outcome {
  return { kind: "lost", message, counted: false };
}
