// Path patterns, compiled once: `**` any number of segments, `*` a part of one segment, `{a,b}` either.

const compiled = new Map();

function toExpression(pattern) {
  let out = "";
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern[i];
    if (pattern.startsWith("**", i)) {
      out += ".*";
      i += 1;
    } else if (char === "*") out += "[^/]*";
    else if (char === "{") out += "(?:";
    else if (char === "}") out += ")";
    else if (char === ",") out += "|";
    else out += char.replace(/[.+?^$()|[\]\\]/g, "\\$&");
  }
  return new RegExp(`^${out}$`);
}

/** Whether the path matches one of the patterns. */
export function matches(path, patterns) {
  return patterns.some((pattern) => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = toExpression(pattern);
      compiled.set(pattern, expression);
    }
    return expression.test(path);
  });
}
