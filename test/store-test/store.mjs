import session from 'express-session-jwt';

/** Keeps sessions in a Map, by async functions. */
export function createStore() {
  const records = new Map();
  return session.Store.from({
    get: async (id) => {
      const text = records.get(id);
      const record = text === undefined ? undefined : JSON.parse(text);
      return record && !isExpired(record) ? record : null;
    },
    set: async (id, record) => {
      records.set(id, JSON.stringify(record));
    },
    destroy: async (id) => {
      records.delete(id);
    },
    compareAndSet: async (id, record, tag) => {
      const text = records.get(id);
      if (text === undefined || isExpired(JSON.parse(text))) return false;
      if (text.includes(tag ?? '"__session":') === (tag === null)) return false;
      records.set(id, JSON.stringify(record));
      return true;
    },
  });
}

function isExpired({ cookie }) {
  return new Date(cookie.expires ?? Infinity) <= new Date();
}
