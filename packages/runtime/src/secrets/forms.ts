/** How a value looks when a program writes it: as it is, and as the usual encodings of text write it. Pure. */

/** Below this an encoded form is found in any text by chance. */
const formLengthMin = 6;

/** Each form once, the longest first. */
export function formsOf(value: string): readonly string[] {
  const forms = new Set<string>();
  const parts = value.split(/\r?\n/).filter((line) => line.length >= formLengthMin);
  for (const part of new Set([value, ...parts])) {
    forms.add(part);
    forms.add(JSON.stringify(part).slice(1, -1));
    addPercentForms(part, forms);
    addBase64Forms(Buffer.from(part), forms);
    const hex = Buffer.from(part).toString("hex");
    forms.add(hex);
    forms.add(hex.toUpperCase());
  }
  return [...forms].filter((form) => form.length >= formLengthMin).sort((a, b) => b.length - a.length);
}

function addPercentForms(value: string, forms: Set<string>): void {
  // A lone surrogate has no form in a URL.
  if (!value.isWellFormed()) return;
  const encoded = encodeURIComponent(value);
  const strict = encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const inForm = new URLSearchParams({ "": value }).toString().slice(1).replaceAll("+", "%20");
  // Some leave what a path or a whole URL may hold as it is.
  const inPath = [encoded, strict].map((form) => form.replaceAll("%2F", "/"));
  for (const form of [encoded, strict, inForm, ...inPath, encodeURI(value)]) {
    for (const written of [form, form.replaceAll("%20", "+")]) {
      forms.add(written);
      forms.add(written.replace(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase()));
    }
  }
}

/** Also within a longer text that was encoded whole, as a password in the header of basic authentication is. */
function addBase64Forms(bytes: Buffer, forms: Set<string>): void {
  const whole = bytes.toString("base64");
  forms.add(whole);
  forms.add(whole.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    const text = shifted.toString("base64").replaceAll("=", "");
    // The characters at either end also hold bits of what stands beside the value.
    const inner = text.slice(before === 0 ? 0 : before + 1, shifted.length % 3 === 0 ? undefined : -1);
    forms.add(inner);
    forms.add(inner.replaceAll("+", "-").replaceAll("/", "_"));
  }
}
