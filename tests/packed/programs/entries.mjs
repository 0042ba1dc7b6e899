// packages: @heddle/core
// The vocabulary loads on its own, and its manifest can be read by tools that look for versions.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import * as core from "@heddle/core";

const manifest = createRequire(import.meta.url)("@heddle/core/package.json");
assert.equal(manifest.name, "@heddle/core");
assert.ok(Object.keys(core).length > 0, "core exports something");
