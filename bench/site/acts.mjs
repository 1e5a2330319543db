import { largeData, typicalData } from './data.mjs';

/* What handlers do with the session. */

/** @type {import('../types.ts').Act} */
export const ignore = (_req, done) => {
  done('unseen');
};

/** @type {import('../types.ts').Act} */
export const read = (req, done) => {
  done(req.session.user ?? 'nobody');
};

/** @type {import('../types.ts').Act} */
export const readCart = (req, done) => {
  done(`${String(req.session.cart?.length)} items`);
};

/** @type {import('../types.ts').Act} */
export const create = (req, done) => {
  Object.assign(req.session, typicalData());
  done('ada');
};

/** @type {import('../types.ts').Act} */
export const createLarge = (req, done) => {
  Object.assign(req.session, largeData());
  done('ada');
};

/** @type {import('../types.ts').Act} */
export const createAnonymous = (req, done) => {
  req.session.views = 1;
  done('nobody');
};

/** @type {import('../types.ts').Act} */
export const count = (req, done) => {
  req.session.views = (req.session.views ?? 0) + 1;
  done(`${String(req.session.views)} views`);
};

/** @type {import('../types.ts').Act} */
export const logIn = (req, done) => {
  req.session.regenerate((error) => {
    if (error) throw error;
    Object.assign(req.session, typicalData());
    done('ada');
  });
};
