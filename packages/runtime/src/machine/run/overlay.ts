/** What a draft holds over the state. Two entries, the usual count, need no map; entries are changed, never removed. */
export class Overlay<Value> {
  #count = 0;
  #firstKey = 0;
  #first: Value | undefined;
  #secondKey = 0;
  #second: Value | undefined;
  #rest: Map<number, Value | undefined> | undefined;

  has(key: number): boolean {
    if (this.#count > 0 && this.#firstKey === key) return true;
    if (this.#count > 1 && this.#secondKey === key) return true;
    return this.#rest?.has(key) ?? false;
  }

  get(key: number): Value | undefined {
    if (this.#count > 0 && this.#firstKey === key) return this.#first;
    if (this.#count > 1 && this.#secondKey === key) return this.#second;
    return this.#rest?.get(key);
  }

  set(key: number, value: Value | undefined): void {
    if (this.#count === 0 || (this.#firstKey === key && this.#count > 0)) {
      this.#firstKey = key;
      this.#first = value;
      this.#count = Math.max(this.#count, 1);
    } else if (this.#count === 1 || this.#secondKey === key) {
      this.#secondKey = key;
      this.#second = value;
      this.#count = 2;
    } else {
      this.#rest ??= new Map();
      this.#rest.set(key, value);
    }
  }

  *values(): Generator<Value | undefined> {
    if (this.#count > 0) yield this.#first;
    if (this.#count > 1) yield this.#second;
    if (this.#rest !== undefined) yield* this.#rest.values();
  }
}
