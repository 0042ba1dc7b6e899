/** How a node server is reached: a port of its own, so that a test can count and break connections. */

/** An open connection, or one that is being opened. */
export interface NodeServerSocket {
  send(text: string): void;
  close(): void;
}

export interface NodeServerSocketEvents {
  message(text: string): void;
  /** Once, also where it was never open. `reason`: one clause for people. */
  closed(reason: string): void;
}

/** Opens a connection. Never throws: what goes wrong is told as `closed`, in a later turn. */
export type DialNodeServer = (url: string, token: string | undefined, events: NodeServerSocketEvents) => NodeServerSocket;

/** Over the WebSocket of the platform. The token goes into a header, where no log of addresses has it. */
export const dialWebSocket: DialNodeServer = (url, token, events) => {
  const socket = new WebSocket(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  let wasOpen = false;
  socket.addEventListener("open", () => {
    wasOpen = true;
  });
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string") events.message(data);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    if (!wasOpen) events.closed("it does not answer, or refuses the connection (does it run there, and is the token right?)");
    else events.closed(`the connection ended (${reason === "" ? code : `${code}: ${reason}`})`);
  });
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
};
