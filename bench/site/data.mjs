/** A session as they mostly are: about 130 characters of JSON. */
export function typicalData() {
  return {
    user: 'ada',
    roles: ['editor', 'billing'],
    views: 1,
    csrf: 'nVq0fS2dZ1c8Yw5LJ0aTgA',
    flash: { notice: 'Welcome back', at: 1700000000000 },
  };
}

/** A session somebody keeps a whole cart in: 50 KB of JSON. */
export function largeData() {
  const cart = Array.from({ length: 500 }, (_, index) => ({
    sku: `SKU-${String(100000 + index)}`,
    title: `Item number ${String(1000 + index)} of a long cart, gift-wrapped`,
    quantity: (index % 5) + 1,
    price: 1999,
  }));
  return { ...typicalData(), cart };
}
