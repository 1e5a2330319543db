/** No session at all: what a request takes before any middleware. */
/** @type {import('../types.ts').Subject} */
export const subject = {
  name: 'none',
  cookieName: 'none',
  create: () => ({
    middleware: (_req, _res, next) => {
      next();
    },
    store: undefined,
  }),
  forge: (cookie) => cookie,
};
