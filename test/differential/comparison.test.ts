/**
 * Tests of the differential test itself: it has to find nothing where there is nothing, and whatever there is.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Clock } from './clock';
import { compare } from './compare';
import { optionCombinations, sequences } from './sequences';
import { originalSide } from './sides';
import { variantOf, type Change } from './variants';
import { Wire } from './wire';

const setting = { wire: new Wire(), clock: new Clock() };
const anyOptions = fc.constantFrom(...optionCombinations);

const changes: Record<string, Change> = {
  'takes a regenerated session for an unmodified one': {
    file: 'index.js',
    from: 'return originalId !== sess.id || originalHash !== hash(sess);',
    to: 'return originalHash !== hash(sess);',
  },
  'takes any session for a modified one': {
    file: 'index.js',
    from: 'return originalId !== sess.id || originalHash !== hash(sess);',
    to: 'return true;',
  },
  'takes a member named cookie for the cookie wherever it is': {
    file: 'index.js',
    from: "if (this === sess && key === 'cookie')",
    to: "if (key === 'cookie')",
  },
  'ignores resave': {
    file: 'index.js',
    from: 'var resaveSession = opts.resave;',
    to: 'var resaveSession = false;',
  },
  'ignores rolling': {
    file: 'index.js',
    from: 'var rollingSessions = Boolean(opts.rolling)',
    to: 'var rollingSessions = false',
  },
  'ignores saveUninitialized': {
    file: 'index.js',
    from: 'var saveUninitializedSession = opts.saveUninitialized',
    to: 'var saveUninitializedSession = true',
  },
  'ignores unset': {
    file: 'index.js',
    from: "var unsetDestroy = opts.unset === 'destroy'",
    to: 'var unsetDestroy = false',
  },
  'sends a cookie that has no expiry once more': {
    file: 'index.js',
    from: 'rollingSessions || req.session.cookie.expires != null && isModified(req.session);',
    to: 'rollingSessions || isModified(req.session);',
  },
  'sends a secure cookie over plain HTTP': {
    file: 'index.js',
    from: 'if (req.session.cookie.secure && !issecure(req, trustProxy)) {',
    to: 'if (false) {',
  },
  'drops a cookie that the handler set': {
    file: 'index.js',
    from: 'var header = Array.isArray(prev) ? prev.concat(data) : [prev, data];',
    to: 'var header = [data];',
  },
  'touches no session': {
    file: 'index.js',
    from: 'return cookieId === req.sessionID && !shouldSave(req);',
    to: '',
  },
  'forgets what save has saved': { file: 'index.js', from: 'savedHash = hash(this);', to: '' },
  'saves nothing more after a reload': {
    file: 'index.js',
    from: 'if (req.session !== sess) {',
    to: 'originalHash = hash(req.session);\n if (req.session !== sess) {',
  },
  'resets the expiry twice in a response': {
    file: 'index.js',
    from: 'if (shouldSave(req)) {\n        req.session.save',
    to: 'if (shouldSave(req)) {\n        req.session.touch();\n        req.session.save',
  },
  'answers a second end': {
    file: 'index.js',
    from: 'return false;\n      }\n\n      ended = true;',
    to: 'return true;\n      }\n\n      ended = true;',
  },
  'loses the last byte of a split response': {
    file: 'index.js',
    from: 'chunk = chunk.slice(chunk.length - 1, chunk.length);',
    to: 'chunk = Buffer.from("?");',
  },
  'forgets the encoding': {
    file: 'index.js',
    from: 'ret = _write.call(res, chunk, encoding);\n        sync = false;',
    to: 'ret = _write.call(res, chunk);\n        sync = false;',
  },
  'accepts a broken signature': {
    file: 'index.js',
    from: "val = unsigncookie(raw.slice(2), secrets);\n\n        if (val === false) {\n          debug('cookie signature invalid');\n          val = undefined;\n        }\n      } else {\n        debug('cookie unsigned')\n      }\n    }\n  }\n\n  // back-compat read from cookieParser() signedCookies",
    to: "val = raw.slice(2).split('.')[0];\n      }\n    }\n  }\n\n  // back-compat read from cookieParser() signedCookies",
  },
  'keeps the session member after destroy': {
    file: 'session/session.js',
    from: 'delete this.req.session;',
    to: 'this.req.session = undefined;',
  },
  'reloads into the same data': {
    file: 'session/session.js',
    from: 'store.createSession(req, sess);',
    to: '',
  },
  'lets a stored member of a new session be enumerable': {
    file: 'session/session.js',
    from: "Object.defineProperty(this, 'req', { value: req });",
    to: "Object.defineProperty(this, 'req', { value: req }); this.extra = 1;",
  },
  'keeps the old lifetime when maxAge is set': {
    file: 'session/cookie.js',
    from: 'this._expires = date;\n    this.originalMaxAge = this.maxAge;',
    to: 'this._expires = date;',
  },
  'counts the lifetime of a loaded cookie from now on': {
    file: 'session/store.js',
    from: 'sess.cookie.originalMaxAge = originalMaxAge',
    to: '',
  },
  'regenerates without destroying': {
    file: 'session/store.js',
    from: 'this.destroy(req.sessionID, function(err){',
    to: 'setImmediate(function(err){',
  },
};

describe('the differential test', function () {
  this.timeout(120_000);
  before(() => setting.wire.open());
  after(() => setting.wire.close());

  it('finds no difference between express-session and itself', async () => {
    await fc.assert(
      fc.asyncProperty(anyOptions, sequences, async (options, sequence) => {
        await compare(setting, [originalSide(), originalSide()], options, sequence);
      }),
      { numRuns: 100 },
    );
  });

  for (const [what, change] of Object.entries(changes)) {
    it(`notices an express-session that ${what}`, async () => {
      const variant = originalSide(variantOf(change), 'a variant');
      const result = await fc.check(
        fc.asyncProperty(anyOptions, sequences, async (options, sequence) => {
          await compare(setting, [originalSide(), variant], options, sequence);
        }),
        { numRuns: 2_000, endOnFailure: true },
      );
      assert.match(String(result.errorInstance), /a variant \(\+\) differs from express-session/);
    });
  }
});
