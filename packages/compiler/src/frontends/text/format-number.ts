/** A number in its shortest decimals, never with an exponent. */
export function formatNumber(value: number): string {
  const short = String(value);
  const found = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(short);
  if (found === null) return short;
  const [, sign = "", lead = "", rest = "", exponent = "0"] = found;
  const digits = lead + rest;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return point >= digits.length
    ? `${sign}${digits}${"0".repeat(point - digits.length)}`
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
