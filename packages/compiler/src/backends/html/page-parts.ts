/** The style and the script of the page: constants, with nothing of any workflow in them. */

export const style = `
:root { color-scheme: light dark; --paper: #fbfbfa; --ink: #1d2125; --faint: #667079; --line: #9aa4ad; --box: #ffffff; --region: #f1f4f6; --body: #fbfcfd; --accent: #0b62a8; --other: #a1460c; --back: #6b3fa0; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e7eaec; --faint: #9aa5ae; --line: #66717a; --box: #20252a; --region: #1b2024; --body: #171b1f; --accent: #6cb6f2; --other: #f0a46a; --back: #c3a0f0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
header { padding: 16px 20px 4px; } h1 { font-size: 20px; margin: 0; overflow-wrap: anywhere; } header p { margin: 4px 0; color: var(--faint); overflow-wrap: anywhere; }
main { display: flex; gap: 16px; align-items: flex-start; padding: 8px 20px 24px; }
.picture { flex: 1 1 auto; min-width: 0; overflow: auto; max-height: calc(100vh - 120px); border: 1px solid var(--line); border-radius: 8px; }
svg { display: block; font: 12px ui-monospace, Menlo, Consolas, monospace; }
aside { flex: 0 0 300px; max-height: calc(100vh - 120px); overflow: auto; }
.hint { color: var(--faint); margin: 0; } .details { display: none; } .details:target, .details.shown { display: block; }
aside.busy .details:target:not(.shown) { display: none; }
h2 { font-size: 16px; margin: 0 0 8px; overflow-wrap: anywhere; } dt { color: var(--faint); margin-top: 6px; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px; }
text { fill: var(--ink); stroke: none; } .middle, .label { text-anchor: middle; } .left { text-anchor: start; } text.small { fill: var(--faint); }
.box, .region, .body, .inner { stroke: var(--line); fill: var(--box); } .region { fill: var(--region); } .body { fill: var(--body); stroke-dasharray: 3 3; } .inner { fill: none; }
.kind-human rect.box, .kind-wait rect.box { stroke: var(--accent); } .kind-router rect.box { stroke-dasharray: 6 3; } .start { fill: var(--accent); }
a:hover > rect:first-of-type, a:focus > rect:first-of-type { stroke: var(--accent); stroke-width: 2.5; } a:focus { outline: none; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.4; } .edge.other { stroke: var(--other); stroke-dasharray: 5 3; } .edge.back { stroke: var(--back); stroke-width: 1.8; }
marker path { stroke: none; fill: var(--line); } marker path.arrow-other { fill: var(--other); } marker path.arrow-back { fill: var(--back); }
.label { fill: var(--faint); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
@media (max-width: 760px) { main { flex-direction: column; } aside { flex-basis: auto; max-height: none; } .picture { width: 100%; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --line: #777; --box: #fff; --region: #f4f4f4; --body: #fff; --accent: #000; --other: #000; --back: #000; }
 main { display: block; padding: 0; } .picture { overflow: visible; max-height: none; border: 0; } svg { max-width: 100%; height: auto; } aside { max-height: none; overflow: visible; } .hint { display: none; } .details { display: block; break-inside: avoid; margin-top: 12px; } }
`;

/** Shows the details of the node under the pointer or the focus; Escape goes back. Links do the rest without it. */
export const script = `
(() => {
  const aside = document.querySelector("aside");
  const hint = document.querySelector(".hint");
  let shown;
  const show = (section) => {
    if (shown) shown.classList.remove("shown");
    shown = section;
    if (shown) shown.classList.add("shown");
    aside.classList.toggle("busy", shown !== undefined);
    hint.hidden = shown !== undefined || location.hash !== "";
  };
  const sectionOf = (event) => {
    const link = event.target instanceof Element ? event.target.closest("a.node") : null;
    return link === null ? undefined : document.getElementById(link.getAttribute("href").slice(1)) ?? undefined;
  };
  const picture = document.querySelector(".picture");
  for (const kind of ["pointerover", "focusin"]) picture.addEventListener(kind, (event) => show(sectionOf(event)));
  for (const kind of ["pointerleave", "focusout"]) picture.addEventListener(kind, () => show(undefined));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (location.hash !== "") location.hash = "";
    show(undefined);
  });
  addEventListener("hashchange", () => show(undefined));
  show(undefined);
})();
`;
