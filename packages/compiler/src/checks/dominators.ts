/**
 * Which places lie on every way to others, for graphs whose cycles are entered at one place each: those that
 * people write. One pass in the order of the places, with a tree of jumps so that no step walks a long chain.
 */
export class Dominators {
  readonly #up: Int32Array;
  readonly #jump: Int32Array;
  readonly #depth: Int32Array;
  readonly #exact: boolean;

  /**
   * @param begin where the arcs into each place begin
   * @param origin whence they come; in an order of the places in which only arcs that close a cycle go back
   */
  constructor(begin: Int32Array, origin: Int32Array) {
    const size = begin.length - 1;
    this.#up = new Int32Array(size);
    this.#jump = new Int32Array(size);
    this.#depth = new Int32Array(size);
    for (let place = 1; place < size; place++) {
      let above = -1;
      for (let i = begin[place] as number; i < (begin[place + 1] as number); i++) {
        const from = origin[i] as number;
        if (from < place) above = above === -1 ? from : this.#meet(above, from);
      }
      this.#hang(place, Math.max(above, 0));
    }
    let exact = true;
    for (let place = 0; place < size && exact; place++) {
      for (let i = begin[place] as number; i < (begin[place + 1] as number); i++) {
        const from = origin[i] as number;
        if (from >= place && !this.#isAbove(place, from)) exact = false;
      }
    }
    this.#exact = exact;
  }

  /** Whether every way to `place` goes through `gate`; false also where the graph is too tangled to tell. */
  dominates(gate: number, place: number): boolean {
    return this.#exact && this.#isAbove(gate, place);
  }

  /** A jump leads twice as far as the two below it together, so that climbing takes steps in the logarithm of the depth. */
  #hang(place: number, above: number): void {
    const depth = (this.#depth[above] as number) + 1;
    const once = this.#jump[above] as number;
    const twice = this.#jump[once] as number;
    const even =
      (this.#depth[above] as number) - (this.#depth[once] as number) === (this.#depth[once] as number) - (this.#depth[twice] as number);
    this.#up[place] = above;
    this.#depth[place] = depth;
    this.#jump[place] = even ? twice : above;
  }

  #climb(place: number, depth: number): number {
    let at = place;
    while ((this.#depth[at] as number) > depth) {
      const far = this.#jump[at] as number;
      at = (this.#depth[far] as number) >= depth ? far : (this.#up[at] as number);
    }
    return at;
  }

  #meet(a: number, b: number): number {
    const depth = Math.min(this.#depth[a] as number, this.#depth[b] as number);
    let left = this.#climb(a, depth);
    let right = this.#climb(b, depth);
    while (left !== right) {
      const apart = this.#jump[left] !== this.#jump[right];
      left = (apart ? this.#jump[left] : this.#up[left]) as number;
      right = (apart ? this.#jump[right] : this.#up[right]) as number;
    }
    return left;
  }

  #isAbove(gate: number, place: number): boolean {
    const depth = this.#depth[gate] as number;
    return (this.#depth[place] as number) >= depth && this.#climb(place, depth) === gate;
  }
}
