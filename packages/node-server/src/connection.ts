/** One client: what it sends is parsed once, and every message that cannot be served is answered. */
import { ToNodeServer } from "@heddle/core";
import type { Executions, Listener } from "./executions.ts";
import type { Frames } from "./frames.ts";

/** What is used of a WebSocket of the server's library. */
export interface PeerSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  terminate(): void;
  close(code: number, reason: string): void;
  on(event: "message", listener: (data: unknown, isBinary: boolean) => void): void;
  on(event: "pong" | "close", listener: () => void): void;
}

/** Progress is left out for a client that has this much unread. */
const unreadBytesMax = 4 * 1024 * 1024;

export class Connection implements Listener {
  readonly #socket: PeerSocket;
  readonly #frames: Frames;
  readonly #executions: Executions;
  #isAlive = true;

  constructor(socket: PeerSocket, frames: Frames, executions: Executions) {
    this.#socket = socket;
    this.#frames = frames;
    this.#executions = executions;
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("pong", () => {
      this.#isAlive = true;
    });
    socket.on("close", () => executions.leave(this));
  }

  send(frame: string, droppable = false): void {
    if (droppable && this.#socket.bufferedAmount > unreadBytesMax) return;
    this.#socket.send(frame);
  }

  /** Asks whether somebody is there; ends the connection where nobody answered the last time. */
  beat(): void {
    if (!this.#isAlive) this.#socket.terminate();
    else {
      this.#isAlive = false;
      this.#socket.ping();
    }
  }

  close(): void {
    this.#socket.close(1_001, "the node server stops");
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: unknown, isBinary: boolean): void {
    // Whatever arrives shows that the client is there.
    this.#isAlive = true;
    if (isBinary) {
      this.#refuse("a message is text: one JSON object for each", undefined);
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(String(data));
    } catch {
      this.#refuse("the message is not JSON", undefined);
      return;
    }
    const parsed = ToNodeServer.safeParse(value);
    if (parsed.success) this.#serve(parsed.data);
    else {
      const lines = parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`));
      this.#refuse(lines.join("; "), value);
    }
  }

  #serve(message: ToNodeServer): void {
    switch (message.type) {
      case "request_execution":
        this.#executions.request({ instanceId: message.instanceId, ...message.payload }, this);
        return;
      case "stop_workflow_instance": {
        const executions = this.#executions.of(message.instanceId);
        // The client is told that it was heard before it hears what came of it.
        this.send(this.#frames.stopped(message.instanceId, executions.length));
        this.#executions.stop(executions);
        return;
      }
      case "ping":
        this.send(this.#frames.pong());
        return;
      default:
    }
  }

  #refuse(message: string, value: unknown): void {
    this.send(this.#frames.error("request-invalid", message.slice(0, 2_048), aboutOf(value)));
  }
}

/** Whom a message that cannot be served was about, as far as it says so. */
function aboutOf(value: unknown): { readonly instanceId?: string; readonly nodeId?: number } {
  const instanceId = memberOf(value, "instanceId");
  const nodeId = memberOf(memberOf(value, "payload"), "nodeId");
  return {
    ...(typeof instanceId === "string" ? { instanceId: instanceId.slice(0, 1_024) } : {}),
    ...(typeof nodeId === "number" && Number.isInteger(nodeId) ? { nodeId } : {}),
  };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
