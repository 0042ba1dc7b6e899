/** URLs that lead back inside, or only look like the host that they name. */
import { character, type EvilCase, type Family } from "./family.ts";

export interface TriedUrl {
  readonly url: string;
  /** Default: `*`. */
  readonly rules?: readonly string[];
  readonly privateRules?: readonly string[];
}

export type UrlCase = EvilCase<TriedUrl>;

const plain = (evil: string, refused: UrlCase["refused"], twin: string): UrlCase => ({ evil: { url: evil }, refused, twin: { url: twin } });

const wide = (text: string): string => [...text].map((each) => character(each.charCodeAt(0) + 0xfee0)).join("");

const spellings: Family<UrlCase> = {
  name: "addresses in spellings that do not look like them",
  cases: [
    plain("http://2130706433/", "host-spelling", "http://93.184.215.14/"),
    plain("http://0x7f000001/", "host-spelling", "http://x7f000001.example/"),
    plain("http://0177.0.0.1/", "host-spelling", "http://177.0.0.1/"),
    plain("http://0x7f.0.0.1/", "host-spelling", "http://93.0.0.1/"),
    plain("http://127.1/", "host-spelling", "http://93.184.0.1/"),
    plain("http://127.0.1/", "host-spelling", "http://93.0.1.example/"),
    plain("http://017700000001/", "host-spelling", "http://n17700000001.example/"),
    plain("http://127.0.0.1./", "host-spelling", "http://example.com./"),
    plain("http://8.8.8.010/", "host-spelling", "http://8.8.8.8/"),
    plain(`http://${wide("127.0.0.1")}/`, "host-spelling", `http://${wide("example")}.com/`),
    plain(
      `http://127${character(0x3002)}0${character(0x3002)}0${character(0x3002)}1/`,
      "host-spelling",
      `http://example${character(0x3002)}com/`,
    ),
    plain(`http://${character(0x2460)}27.0.0.1/`, "host-spelling", `http://${character(0x2460)}.example/`),
    plain("http://0/", "host-spelling", "http://0.example/"),
    plain("http://256.256.256.256/", "host-invalid", "http://25.25.25.25/"),
    plain("http://1.2.3.4.5/", "host-invalid", "http://1.2.3.4.example/"),
  ],
};

const sixes: Family<UrlCase> = {
  name: "IPv6 in every spelling",
  cases: [
    plain("http://[::1]/", "destination-not-public", "http://[2606:2800:21f:cb07::1]/"),
    plain("http://[0:0:0:0:0:0:0:1]/", "destination-not-public", "http://[2606:2800:21f:0:0:0:0:1]/"),
    plain("http://[::]/", "destination-not-public", "http://[2a00::]/"),
    plain("http://[::ffff:127.0.0.1]/", "destination-not-public", "http://[2606::ffff:127.0.0.1]/"),
    plain("http://[::ffff:7f00:1]:8080/", "destination-not-public", "http://[2606:4700::7f00:1]:8080/"),
    plain("http://[::127.0.0.1]/", "destination-not-public", "http://[2606::127.0.0.1]/"),
    plain("http://[::ffff:0:127.0.0.1]/", "destination-not-public", "http://[2606::ffff:0:127.0.0.1]/"),
    plain("http://[fe80::1]/", "destination-not-public", "http://[2400::1]/"),
    plain("http://[fe80::1%25eth0]/", "host-invalid", "http://[2606:4700::1]/"),
    plain("http://[::1%00]/", "host-invalid", "http://[2606:4700::2]/"),
    plain("http://[FD00:EC2::254]/", "destination-not-public", "http://[2606:EC2::254]/"),
    plain("http://[fec0::1]/", "destination-not-public", "http://[2600::1]/"),
    plain("http://[4000::1]/", "destination-not-public", "http://[2803::1]/"),
    plain("http://[100::1]/", "destination-not-public", "http://[2100::1]/"),
    plain("http://[::1/", "host-invalid", "http://[2606:4700::3]"),
  ],
};

const ranges: Family<UrlCase> = {
  name: "ranges that are not public",
  cases: [
    plain("http://127.0.0.1/", "destination-not-public", "http://128.0.0.1/"),
    plain("http://127.255.255.254/", "destination-not-public", "http://126.255.255.254/"),
    plain("http://10.0.0.1/", "destination-not-public", "http://11.0.0.1/"),
    plain("http://172.16.0.1/", "destination-not-public", "http://172.15.255.255/"),
    plain("http://172.31.255.255/", "destination-not-public", "http://172.32.0.0/"),
    plain("http://192.168.1.1/", "destination-not-public", "http://192.169.1.1/"),
    plain("http://100.64.0.1/", "destination-not-public", "http://100.63.255.255/"),
    plain("http://100.127.255.255/", "destination-not-public", "http://100.128.0.0/"),
    plain("http://198.18.0.1/", "destination-not-public", "http://198.17.255.255/"),
    plain("http://0.1.2.3/", "destination-not-public", "http://1.1.2.3/"),
    plain("http://224.0.0.1/", "destination-not-public", "http://223.255.255.255/"),
    plain("http://255.255.255.255/", "destination-not-public", "http://205.255.255.255/"),
    plain("http://240.0.0.1/", "destination-not-public", "http://24.0.0.1/"),
    plain("http://203.0.113.9/", "destination-not-public", "http://203.0.114.9/"),
    plain("http://192.0.0.8/", "destination-not-public", "http://192.0.1.8/"),
  ],
};

const gateways: Family<UrlCase> = {
  name: "IPv4 inside IPv6",
  cases: [
    plain("http://[64:ff9b::127.0.0.1]/", "destination-not-public", "http://[2606:ff9b::127.0.0.1]/"),
    plain("http://[64:ff9b::8.8.8.8]/", "destination-not-public", "http://8.8.8.8/"),
    plain("http://[64:ff9b:1::10.0.0.1]/", "destination-not-public", "http://[2064:ff9b:1::10.0.0.1]/"),
    plain("http://[2002:7f00:1::]/", "destination-not-public", "http://[2003:7f00:1::]/"),
    plain("http://[2001:0:102:304::f5ff:fffe]/", "destination-not-public", "http://[2001:4860:102:304::f5ff:fffe]/"),
    {
      evil: { url: "http://[64:ff9b::a00:1]/", rules: ["64:ff9b::/96"], privateRules: ["64:ff9b::/96"] },
      refused: "destination-not-public",
      twin: { url: "http://[64:ff9b::808:808]/", rules: ["64:ff9b::/96"], privateRules: ["64:ff9b::/96"] },
    },
    {
      evil: { url: "http://[64:ff9b:1:a00:0:100::]/", rules: ["64:ff9b:1::/48"], privateRules: ["64:ff9b:1::/48", "0.0.0.0/8"] },
      refused: "destination-not-public",
      twin: {
        url: "http://[64:ff9b:1:a00:0:100::]/",
        rules: ["64:ff9b:1::/48"],
        privateRules: ["64:ff9b:1::/48", "0.0.0.0/8", "10.0.0.0/8"],
      },
    },
    {
      evil: { url: "http://[::ffff:10.1.2.3]/", rules: ["::ffff:10.1.2.3"], privateRules: ["10.0.0.0/8"] },
      refused: "destination-not-public",
      twin: { url: "http://10.1.2.3/", rules: ["10.1.2.3"], privateRules: ["10.0.0.0/8"] },
    },
  ],
};

const metadata: Family<UrlCase> = {
  name: "where machines give out their credentials",
  cases: [
    plain("http://169.254.169.254/latest/meta-data/", "destination-not-public", "http://169.253.169.254/"),
    plain("http://100.100.100.200/", "destination-not-public", "http://101.100.100.200/"),
    plain("http://168.63.129.16/", "destination-not-public", "http://168.63.129.17/"),
    plain("http://192.0.0.192/", "destination-not-public", "http://192.0.1.192/"),
    plain("http://[fd00:ec2::254]/", "destination-not-public", "http://[2a00:ec2::254]/"),
    {
      evil: { url: "http://169.254.169.254/", rules: ["169.254.169.254"], privateRules: ["169.254.0.0/16"] },
      refused: "destination-not-public",
      twin: { url: "http://169.254.169.1/", rules: ["169.254.169.1"], privateRules: ["169.254.0.0/16"] },
    },
    {
      evil: { url: "http://169.254.169.254/", rules: ["*"], privateRules: ["169.254.169.254"] },
      refused: "destination-not-public",
      twin: { url: "http://169.254.169.254/", rules: ["169.254.169.254"], privateRules: ["169.254.169.254"] },
    },
  ],
};

const structure: Family<UrlCase> = {
  name: "URLs that are read in two ways",
  cases: [
    plain("http://example.com@127.0.0.1/", "credentials-in-url", "http://example.com/@127.0.0.1/"),
    plain("http://user:pass@example.com/", "credentials-in-url", "http://example.com/user:pass"),
    plain("http://@example.com/", "credentials-in-url", "http://example.com/?@"),
    plain("http://127.0.0.1#@example.com/", "destination-not-public", "http://example.com#@127.0.0.1/"),
    plain("http://example.com\\@127.0.0.1/", "destination-invalid", "http://example.com/%5C@127.0.0.1/"),
    plain("http:/\\127.0.0.1/", "destination-invalid", "http://example.com/"),
    plain("http:example.com", "destination-invalid", "http://example.com"),
    plain("//example.com/", "destination-invalid", "https://example.com/"),
    plain("http:///127.0.0.1/", "host-invalid", "http://example.com///"),
    plain(" http://example.com/", "destination-invalid", "http://example.com/%20"),
    plain("ht\ntp://example.com/", "destination-invalid", "http://example.com/%0A"),
    plain(`http://exam${character(0x202e)}ple.com/`, "destination-invalid", `http://ex${character(0xe4)}mple.com/`),
    plain("http://ex%61mple.com/", "host-invalid", "http://example.com/%61"),
    plain("http://a%00b.example/", "host-invalid", "http://a-b.example/"),
    plain(`http://example.com/${"a".repeat(8_192)}`, "destination-invalid", `http://example.com/${"a".repeat(8_000)}`),
  ],
};

const schemes: Family<UrlCase> = {
  name: "schemes and ports",
  cases: [
    plain("file:///etc/passwd", "scheme-refused", "https://example.com/etc/passwd"),
    plain("ftp://example.com/", "scheme-refused", "HTTP://example.com/"),
    plain("gopher://example.com:25/_MAIL", "scheme-refused", "http://example.com:25/_MAIL"),
    plain("javascript:alert(1)", "scheme-refused", "https://javascript.example/"),
    plain("data:text/plain,x", "scheme-refused", "https://example.com/text/plain,x"),
    plain("ws://example.com/", "scheme-refused", "http://ws.example.com/"),
    plain("unix:/var/run/docker.sock", "scheme-refused", "http://example.com/var/run/docker.sock"),
    plain("http://example.com:0/", "port-refused", "http://example.com:1/"),
    plain("http://example.com:65536/", "port-refused", "http://example.com:65535/"),
    plain("http://example.com:8o/", "host-invalid", "http://example.com:80/"),
    plain("http://:80/", "host-invalid", "http://a:80/"),
  ],
};

const names: Family<UrlCase> = {
  name: "names that are this machine, or no names",
  cases: [
    plain("http://localhost/", "destination-not-public", "http://localhost.example/"),
    plain("http://LOCALHOST:80/", "destination-not-public", "http://EXAMPLE.com:80/"),
    plain("http://localhost./", "destination-not-public", "http://localhosts./"),
    plain("http://api.localhost/", "destination-not-public", "http://apilocalhost/"),
    plain(`http://${wide("localhost")}/`, "destination-not-public", `http://${wide("local")}.example/`),
    plain("http://a..example/", "host-invalid", "http://a.b.example/"),
    plain("http://.example/", "host-invalid", "http://x.example/"),
    plain("http://example../", "host-invalid", "http://example./"),
    plain("http://*.example/", "host-invalid", "http://w.example/"),
    plain("http://a,b.example/", "host-invalid", "http://a-b.example/"),
    plain(`http://${"a".repeat(64)}.example/`, "host-invalid", `http://${"a".repeat(63)}.example/`),
    plain(`http://${"a.".repeat(123)}example1/`, "host-invalid", `http://${"a.".repeat(123)}example/`),
    plain("http://-a.example/", "host-invalid", "http://a-a.example/"),
  ],
};

const ruled = (evil: string, twin: string, rules: readonly string[]): UrlCase => ({
  evil: { url: evil, rules },
  refused: "destination-not-allowed",
  twin: { url: twin, rules },
});

const lookalikes: Family<UrlCase> = {
  name: "hosts that look like an allowed one",
  cases: [
    ruled(`https://${character(0x0430)}pple.com/`, "https://apple.com/", ["apple.com"]),
    ruled(`https://ex${character(0xe4)}mple.com/`, `https://b${character(0xfc)}cher.example/`, [
      "example.com",
      `b${character(0xfc)}cher.example`,
    ]),
    ruled("https://example.com.evil.test/", "https://example.com/", ["example.com"]),
    ruled("https://notexample.com/", "https://not.example.com/", [".example.com"]),
    ruled("https://example.com/", "https://www.example.com/", [".example.com"]),
    ruled("https://www.example.com/", "https://example.com/", ["example.com"]),
    ruled("https://example.com:8443/", "https://example.com/", ["example.com:443"]),
    ruled("http://example.com/", "https://example.com/", ["example.com:443"]),
    ruled("https://evil.test/?example.com", "https://example.com/?evil.test", ["example.com"]),
    ruled("https://example.co/", "https://example.com/", ["example.com"]),
    ruled("https://8.8.4.4/", "https://8.8.8.8/", ["8.8.8.8"]),
    ruled("https://8.9.0.0/", "https://8.8.255.255/", ["8.8.0.0/16"]),
    ruled("https://a.example/", "https://b.example/", ["b.example"]),
  ],
};

const privates: Family<UrlCase> = {
  name: "private places without both allowances",
  cases: [
    {
      evil: { url: "http://127.0.0.1:8080/", rules: ["*"], privateRules: ["127.0.0.1:8080"] },
      refused: "destination-not-public",
      twin: { url: "http://127.0.0.1:8080/", rules: ["*", "127.0.0.1:8080"], privateRules: ["127.0.0.1:8080"] },
    },
    {
      evil: { url: "http://127.0.0.1:8080/", rules: ["127.0.0.1:8080"] },
      refused: "destination-not-public",
      twin: { url: "http://127.0.0.1:8080/", rules: ["127.0.0.1:8080"], privateRules: ["127.0.0.0/8"] },
    },
    {
      evil: { url: "http://127.0.0.1:8081/", rules: ["127.0.0.1"], privateRules: ["127.0.0.1:8080"] },
      refused: "destination-not-public",
      twin: { url: "http://127.0.0.1:8080/", rules: ["127.0.0.1"], privateRules: ["127.0.0.1:8080"] },
    },
    {
      evil: { url: "http://10.2.0.1/", rules: ["10.2.0.0/16"], privateRules: ["10.1.0.0/16"] },
      refused: "destination-not-public",
      twin: { url: "http://10.1.0.1/", rules: ["10.1.0.0/16"], privateRules: ["10.1.0.0/16"] },
    },
    {
      evil: { url: "http://localhost:8080/", rules: ["localhost:8080"], privateRules: ["*"] },
      refused: "destination-not-public",
      twin: { url: "http://localhost:8080/", rules: ["localhost:8080"], privateRules: ["localhost"] },
    },
    {
      evil: { url: "http://api.localhost/", rules: [".localhost"], privateRules: ["api.localhost"] },
      refused: "destination-not-public",
      twin: { url: "http://api.localhost/", rules: ["api.localhost"], privateRules: ["127.0.0.1"] },
    },
    {
      evil: { url: "http://[fd00::1]/", rules: ["[fd00::1]:443"], privateRules: ["fd00::/8"] },
      refused: "destination-not-allowed",
      twin: { url: "https://[fd00::1]/", rules: ["[fd00::1]:443"], privateRules: ["fd00::/8"] },
    },
  ],
};

export const urlFamilies = [spellings, sixes, ranges, gateways, metadata, structure, schemes, names, lookalikes, privates];
