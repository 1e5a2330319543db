import session from 'express-session-jwt';

/** Keeps sessions in a Map, by async functions. */
export function createStore() {
  const records = new Map();
  return session.Store.from({
    get: async (id) => {
      const text = records.get(id);
      const record = text === undefined ? undefined : JSON.parse(text);
      return record && !(new Date(record.cookie.expires ?? Infinity) <= new Date()) ? record : null;
    },
    set: async (id, record) => {
      records.set(id, JSON.stringify(record));
    },
    destroy: async (id) => {
      records.delete(id);
    },
    update: async (id, record) => {
      const exists = records.has(id);
      if (exists) records.set(id, JSON.stringify(record));
      return exists;
    },
  });
}
