import { describe, expect, test } from "vitest";
import { textOfHtml } from "./html-text.ts";

const text = (html: string): string => textOfHtml(html, "https://example.test/a/b").text;

describe("HTML as text", () => {
  test.each([
    ["words and white space", "<p>one\n   two</p>", "one two"],
    ["paragraphs apart", "<p>one</p><p>two</p>", "one\n\ntwo"],
    ["lines of blocks", "<div>one</div><div>two<br>three</div>", "one\ntwo\nthree"],
    ["headings", "<h1>Big</h1><h3><div>small</div></h3>text", "# Big\n\n### small\n\ntext"],
    ["lists in lists", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"],
    ["ordered lists", "<ol><li><p>a</p></li><li>b</ol>", "1. a\n\n2. b"],
    ["tables", "<table><tr><th>x</th><th>y</th></tr><tr><td>1<td>2</tr></table>", "x | y\n1 | 2"],
    ["links, made absolute", 'see <a href="../c?d=1">this</a>.', "see this (https://example.test/c?d=1)."],
    ["links to nowhere", '<a href="#top">up</a> <a href="javascript:x()">run</a> <a>bare</a>', "up run bare"],
    ["what pictures say", '<img src="x" alt="a loom">', "a loom"],
    ["text as it is set", "<pre>  a\n    b</pre>after", "a\n    b\n\nafter"],
    ["no scripts and styles", "a<script>if (1 < 2) x('</p>')</script><style>p{}</style><template>t</template>b", "ab"],
    ["no head, though it is not closed", "<html><head><title>T</title><meta x><body>shown", "shown"],
    ["no comments", "a<!-- <p>x</p> -->b<!doctype html><?xml ?>c", "abc"],
    ["references", "&lt;b&gt; &amp;amp; &#233; &#x1d4b6; &nosuch; &#0; &copy", "<b> &amp; é \u{1d4b6} &nosuch; \ufffd ©"],
    ["signs that are no tags", "1 < 2 and 3 <4", "1 < 2 and 3 <4"],
    ["attributes with brackets in quotes", '<a title="x > y" href=/z>l</a>', "l (https://example.test/z)"],
    ["a picture element that is unseen", "a<svg><title>drawn</title><text>t</text></svg>b", "ab"],
    ["what is never closed", "a<script>b", "a"],
    ["a tag that is never closed", 'a<b class="', "a"],
    ["nothing", "", ""],
  ])("%s", (_, html, expected) => {
    expect(text(html)).toBe(expected);
  });

  test("the title is the page's first", () => {
    const page = "<head><title> A &amp; B\n</title></head><body><svg><title>no</title></svg>x</body>";
    expect(textOfHtml(page, "https://example.test/").title).toBe("A & B");
  });

  test.each([
    ["open tags", "<b ".repeat(100_000)],
    ["quotes", '<a b="'.repeat(100_000)],
    ["brackets", "<".repeat(200_000)],
    ["comments", "<!--".repeat(100_000)],
    ["scripts", "<script>".repeat(100_000)],
    ["spaces in set text", `<pre>${" ".repeat(1_000_000)}x`],
    ["spaces in a tag", `<a${" ".repeat(1_000_000)}x>`],
    ["references", "&#".repeat(300_000)],
    ["empty elements after a space", `${"x ".repeat(200_000)}${"<i> </i>".repeat(100_000)}`],
    ["lists", "<ul><li>".repeat(50_000)],
  ])("%s without end take no time to speak of", (_, html) => {
    const startedMs = performance.now();
    text(html);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
