/** The HTML backend, apart from the rest: it brings a library for the layout, which nothing else needs. */
export { htmlOf } from "./backends/html/html-of.ts";
