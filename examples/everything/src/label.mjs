// A program: it reads its input from a file, prints one JSON object, and ends.
import { readFileSync } from "node:fs";

const { customer, grams } = JSON.parse(readFileSync(process.env.MN_INPUT_FILE, "utf8"));
console.error(`a label for ${customer}`);
console.log(JSON.stringify({ code: `${customer.toUpperCase()}-${grams}` }));
