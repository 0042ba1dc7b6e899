/** Requests whose names, redirects or responses lead where nobody allowed, or never end. */
import type { EvilCase, Family } from "./family.ts";

/** What the server of a test says for one path. */
export interface Response {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** So many zero bytes, packed as it says. */
  readonly zeros?: number;
  readonly packed?: "gzip" | "deflate" | "br";
  /** Empty pieces that unpack to nothing, until nobody listens. */
  readonly emptyPieces?: boolean;
  /** Says nothing more from here on, until the time is up. */
  readonly stall?: "before-head" | "in-head" | "in-body";
  /** One byte at a time, until the time is up. */
  readonly drip?: boolean;
  /** A thousand bytes after the other, for ever. */
  readonly endless?: boolean;
  /** Closes the connection from here on. */
  readonly breakOff?: "before-head" | "in-body";
  /** In the place of an answer in HTTP. */
  readonly raw?: string;
}

export interface TriedRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
  /** By host, one answer after the other; the last stays. Every other name has a public address. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** By path; every other path is answered with `fine`. */
  readonly responses?: Readonly<Record<string, Response>>;
  readonly rules?: readonly string[];
  readonly privateRules?: readonly string[];
  /** How often this very request is made; what the last one comes to counts. */
  readonly times?: number;
  /** Nothing is listening at these addresses. */
  readonly down?: readonly string[];
  readonly secure?: boolean;
}

export type RequestCase = EvilCase<TriedRequest>;

const home = "http://example.com";
const answered = (evil: Response, refused: RequestCase["refused"], twin: Response): RequestCase => ({
  evil: { url: `${home}/`, responses: { "/": evil } },
  refused,
  twin: { url: `${home}/`, responses: { "/": twin } },
});
const redirected = (location: string, refused: RequestCase["refused"], twin: string, more: Partial<TriedRequest> = {}): RequestCase => ({
  evil: { url: `${home}/go`, responses: { "/go": { status: 302, headers: { location } } }, ...more },
  refused,
  twin: { url: `${home}/go`, responses: { "/go": { status: 302, headers: { location: twin } } }, ...more },
});

const redirects: Family<RequestCase> = {
  name: "redirects",
  cases: [
    redirected("http://127.0.0.1/", "destination-not-public", "http://93.184.215.14/"),
    redirected("http://169.254.169.254/latest/", "destination-not-public", "http://169.253.169.254/latest/"),
    redirected("//localhost:8080/", "destination-not-public", "//other.example:8080/"),
    redirected("http://2130706433/", "redirect-refused", "http://203.1.2.3/"),
    redirected("file:///etc/passwd", "redirect-refused", "/etc/passwd"),
    redirected("gopher://example.com/", "redirect-refused", "http://example.com/gopher"),
    redirected("http://user:pass@example.com/", "redirect-refused", "http://example.com/user:pass"),
    redirected("http://[::1", "redirect-refused", "/[::1"),
    redirected("http://evil.test/", "destination-not-allowed", "http://api.example.com/", { rules: ["example.com", ".example.com"] }),
    redirected("/go", "redirects-too-many", "/went"),
    redirected("http://inside.test/", "destination-not-public", "http://outside.test/", { names: { "inside.test": [["10.0.0.7"]] } }),
    {
      evil: {
        url: "https://secure.example/go",
        secure: true,
        responses: { "/go": { status: 307, headers: { location: "http://secure.example/" } } },
      },
      refused: "redirect-refused",
      twin: {
        url: "https://secure.example/go",
        secure: true,
        responses: { "/go": { status: 307, headers: { location: "https://secure.example/" } } },
      },
    },
  ],
};

const named = (
  evil: readonly (readonly string[])[],
  refused: RequestCase["refused"],
  twin: readonly (readonly string[])[],
  more: Partial<TriedRequest> = {},
): RequestCase => ({
  evil: { url: "http://name.test/", names: { "name.test": evil }, ...more },
  refused,
  twin: { url: "http://name.test/", names: { "name.test": twin }, ...more },
});

const rebinding: Family<RequestCase> = {
  name: "answers of a resolver that change",
  cases: [
    named([["93.184.215.14"], ["127.0.0.1"]], "destination-not-public", [["93.184.215.14"], ["93.184.215.15"]], { times: 2 }),
    named([["93.184.215.14"], ["93.184.215.15"], ["10.0.0.1"]], "destination-not-public", [["93.184.215.14"]], { times: 3 }),
    named([["93.184.215.14"], ["::1"]], "destination-not-public", [["93.184.215.14"], ["2606:4700::1"]], { times: 2 }),
    named([["93.184.215.14"], []], "host-not-found", [["93.184.215.14"], ["93.184.215.14"]], { times: 2 }),
    {
      evil: {
        url: "http://name.test/go",
        names: { "name.test": [["93.184.215.14"], ["127.0.0.1"]] },
        responses: { "/go": { status: 302, headers: { location: "/next" } } },
      },
      refused: "destination-not-public",
      twin: {
        url: "http://name.test/go",
        names: { "name.test": [["93.184.215.14"], ["93.184.215.15"]] },
        responses: { "/go": { status: 302, headers: { location: "/next" } } },
      },
    },
  ],
};

const mixed: Family<RequestCase> = {
  name: "answers of a resolver that mix",
  cases: [
    named([["93.184.215.14", "127.0.0.1"]], "destination-not-public", [["93.184.215.14", "93.184.215.15"]]),
    named([["127.0.0.1", "93.184.215.14"]], "destination-not-public", [["93.184.215.15", "93.184.215.14"]]),
    named([["93.184.215.14", "::1"]], "destination-not-public", [["93.184.215.14", "2606:4700::1"]]),
    named([["2606:4700::1", "fd00:ec2::254"]], "destination-not-public", [["2606:4700::1", "2606:4700::2"]]),
    named([["::ffff:127.0.0.1"]], "destination-not-public", [["2606:4700::ffff"]]),
    named([["64:ff9b::7f00:1"]], "destination-not-public", [["2606:4700::7f00:1"]]),
    named([["64:ff9b::a00:1"]], "destination-not-public", [["64:ff9b::808:808"]], { rules: ["name.test"], privateRules: ["64:ff9b::/96"] }),
    named([["0.0.0.0"]], "destination-not-public", [["1.0.0.0"]]),
    named([["127.0.0.1\u0000.example"]], "destination-not-public", [["127.0.0.1"]], { rules: ["name.test"], privateRules: ["127.0.0.1"] }),
    named([["169.254.169.254"]], "destination-not-public", [["169.254.169.1"]], { rules: ["name.test"], privateRules: ["name.test"] }),
    named([["10.0.0.2"]], "destination-not-public", [["10.0.0.1"]], { rules: ["name.test", "10.0.0.0/8"], privateRules: ["10.0.0.1"] }),
    named([["127.0.0.1"]], "destination-not-public", [["93.184.215.14"]], { rules: ["*", "127.0.0.1"], privateRules: ["127.0.0.1"] }),
    named([["93.184.215.14", "127.0.0.1"]], "destination-not-public", [["93.184.215.14", "93.184.215.15"]], { down: ["93.184.215.14"] }),
    named([["93.184.215.14"]], "destination-unreachable", [["93.184.215.14", "93.184.215.15"]], { down: ["93.184.215.14"] }),
  ],
};

const bodies: Family<RequestCase> = {
  name: "responses that are too large",
  cases: [
    answered({ zeros: 65_537 }, "response-too-large", { zeros: 65_536 }),
    answered({ zeros: 65_537, headers: { "content-length": "65537" } }, "response-too-large", {
      zeros: 65_536,
      headers: { "content-length": "65536" },
    }),
    answered({ breakOff: "in-body", headers: { "content-length": "65537" } }, "response-too-large", { headers: { "content-length": "4" } }),
    answered({ endless: true }, "response-too-large", { zeros: 1_000 }),
    answered({ status: 500, zeros: 100_000 }, "response-too-large", { status: 500, zeros: 100 }),
    answered({ headers: { "x-long": "x".repeat(20_000) } }, "response-too-large", { headers: { "x-long": "x".repeat(10_000) } }),
    answered({ status: 302, headers: { location: `/${"x".repeat(20_000)}` } }, "response-too-large", {
      status: 302,
      headers: { location: `/${"x".repeat(1_000)}` },
    }),
  ],
};

const packed: Family<RequestCase> = {
  name: "little that unpacks to much",
  cases: [
    answered({ zeros: 50_000_000, packed: "gzip" }, "response-too-large", { zeros: 65_536, packed: "gzip" }),
    answered({ zeros: 65_537, packed: "deflate" }, "response-too-large", { zeros: 65_536, packed: "deflate" }),
    answered({ zeros: 65_537, packed: "br" }, "response-too-large", { zeros: 65_536, packed: "br" }),
    answered({ emptyPieces: true, packed: "gzip" }, "response-too-large", { zeros: 0, packed: "gzip" }),
    answered({ zeros: 100, headers: { "content-encoding": "gzip" } }, "response-invalid", { zeros: 100, packed: "gzip" }),
    answered({ zeros: 100, headers: { "content-encoding": "br" } }, "response-invalid", { zeros: 100, packed: "br" }),
    answered({ zeros: 100, headers: { "content-encoding": "gzip, gzip" } }, "response-encoding", {
      zeros: 100,
      headers: { "content-encoding": "identity" },
    }),
    answered({ zeros: 100, headers: { "content-encoding": "zstd" } }, "response-encoding", { zeros: 100, packed: "br" }),
  ],
};

const slow: Family<RequestCase> = {
  name: "responses that do not end",
  cases: [
    answered({ stall: "before-head" }, "request-timed-out", {}),
    answered({ stall: "in-head" }, "request-timed-out", {}),
    answered({ stall: "in-body" }, "request-timed-out", {}),
    answered({ drip: true }, "request-timed-out", { zeros: 50 }),
    answered({ breakOff: "before-head" }, "response-incomplete", {}),
    answered({ breakOff: "in-body" }, "response-incomplete", {}),
    answered({ raw: "SSH-2.0-OpenSSH_9.6\r\n" }, "response-invalid", { raw: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }),
    answered({ raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" }, "response-invalid", {
      raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    }),
    answered({ raw: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" }, "response-incomplete", {
      raw: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    }),
  ],
};

const asked = (evil: Partial<TriedRequest>, refused: RequestCase["refused"], twin: Partial<TriedRequest>): RequestCase => ({
  evil: { url: `${home}/`, ...evil },
  refused,
  twin: { url: `${home}/`, ...twin },
});

const requests: Family<RequestCase> = {
  name: "requests that say more than they may",
  cases: [
    asked({ url: "file:///etc/passwd" }, "scheme-refused", { url: "http://example.com/etc/passwd" }),
    asked({ url: "http://user@example.com/" }, "credentials-in-url", { url: "http://example.com/user@" }),
    asked({ method: "CONNECT" }, "method-refused", { method: "OPTIONS" }),
    asked({ method: "TRACE" }, "method-refused", { method: "DELETE" }),
    asked({ method: "get" }, "method-refused", { method: "GET" }),
    asked({ method: "GET", bodyBytes: 1 }, "method-refused", { method: "POST", bodyBytes: 1 }),
    asked({ method: "POST", bodyBytes: 65_537 }, "request-too-large", { method: "POST", bodyBytes: 65_536 }),
    asked({ headers: { Host: "inside.test" } }, "header-refused", { headers: { "X-Host": "inside.test" } }),
    asked({ headers: { "transfer-encoding": "chunked" } }, "header-refused", { headers: { "x-transfer": "chunked" } }),
    asked({ headers: { "Content-Length": "0" } }, "header-refused", { headers: { "Content-Type": "text/plain" } }),
    asked({ headers: { "Proxy-Authorization": "x" } }, "header-refused", { headers: { Authorization: "x" } }),
    asked({ headers: { upgrade: "h2c" } }, "header-refused", { headers: { accept: "h2c" } }),
    asked({ headers: { a: "b\r\nHost: inside.test" } }, "header-refused", { headers: { a: "b Host: inside.test" } }),
    asked({ headers: { "a b": "c" } }, "header-refused", { headers: { "a-b": "c" } }),
    asked({ headers: { a: "1", A: "2" } }, "header-refused", { headers: { a: "1", b: "2" } }),
  ],
};

const certificates: Family<RequestCase> = {
  name: "certificates for somebody else",
  cases: [
    asked({ url: "https://other.example/", secure: true }, "tls-refused", { url: "https://secure.example/", secure: true }),
    asked({ url: "https://93.184.215.14/", secure: true }, "tls-refused", { url: "https://SECURE.example./", secure: true }),
    asked({ url: "https://secure.example/" }, "tls-refused", { url: "http://secure.example/" }),
  ],
};

export const requestFamilies = [redirects, rebinding, mixed, bodies, packed, slow, requests, certificates];
