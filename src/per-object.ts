/** One value for each object, made by `create` when it is first asked for, and gone with the object. */
export function perObject<Key extends object, Value extends object>(
  create: (key: Key) => Value,
): (key: Key) => Value {
  const values = new WeakMap<Key, Value>();
  return (key) => {
    let value = values.get(key);
    if (!value) {
      value = create(key);
      values.set(key, value);
    }
    return value;
  };
}
