/** Handlers that are methods: of each class one instance, made at the first call of any of its methods. */

type Method = (...args: readonly unknown[]) => unknown;

/** What a handler that is a method is found by. */
export interface MethodOf {
  /** Made without anything. */
  readonly of: abstract new () => object;
  readonly method: string;
}

export interface ClassInstances {
  /**
   * The method as a function; undefined where the value is no class, or its instances have no such method. Making the
   * instance is part of the call: what it throws fails that call, and the next one tries again.
   */
  methodOf(value: unknown, method: string): Method | undefined;
}

export function createClassInstances(): ClassInstances {
  const instances = new Map<unknown, Readonly<Record<string, Method>>>();
  return {
    methodOf(value, method) {
      if (typeof value !== "function") return undefined;
      const prototype: unknown = value.prototype;
      if (typeof prototype !== "object" || prototype === null || typeof Reflect.get(prototype, method) !== "function") return undefined;
      return (...args) => {
        let instance = instances.get(value);
        if (instance === undefined) {
          instance = Reflect.construct(value, []) as Readonly<Record<string, Method>>;
          instances.set(value, instance);
        }
        return (instance[method] as Method)(...args);
      };
    },
  };
}
