/** A map that forgets a value when nobody else holds it. */
export class WeakValues<V extends object> {
  readonly #references = new Map<string, WeakRef<V>>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    // The key may have a new value by now.
    if (this.get(key) === undefined) this.#references.delete(key);
  });

  get(key: string): V | undefined {
    return this.#references.get(key)?.deref();
  }

  /** The value of this key. If there is none, `create` makes it. */
  obtain(key: string, create: () => V): V {
    return this.get(key) ?? this.replace(key, create());
  }

  replace(key: string, value: V): V {
    this.#references.set(key, new WeakRef(value));
    this.#collected.register(value, key);
    return value;
  }
}
