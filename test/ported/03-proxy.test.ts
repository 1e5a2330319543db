/** The option proxy: which requests count as secure. */
import assert from 'node:assert/strict';
import type { Handler } from '../support/server';
import { assertCookie, assertNoCookie, ported, type Suite } from './harness';

const https = { headers: { 'X-Forwarded-Proto': 'https' } };

/** Sets `req.secure` to what the request says in X-Secure, as code ahead of the middleware would. */
const setSecure: Handler = (req) => {
  const said = req.headers['x-secure'];
  Object.assign(req, { secure: said === undefined ? undefined : said === 'true' });
};

/** Answers with what the handler sees in `req.secure`. */
const tellSecure: Handler = (req, res) => res.end(String(req.secure));

describe('The option proxy', () => {
  describe('that is true', () => {
    const serve = (suite: Suite) => suite.serve({ proxy: true, cookie: { secure: true, maxAge: 5 } });

    it(
      'A trusted proxy that was reached by https makes a secure cookie possible (B079, U30, F31)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertCookie(await visit('/', https));
      }),
    );

    it(
      'Of several trusted proxies the first one counts (B079, U31, F32)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertCookie(await visit('/', { headers: { 'X-Forwarded-Proto': 'https,http' } }));
      }),
    );

    it(
      'A request without the header of a trusted proxy gets no secure cookie (B079, U32, F33)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertNoCookie(await visit());
      }),
    );
  });

  describe('that is false', () => {
    const serve = (suite: Suite) =>
      suite.serve({ proxy: false, cookie: { secure: true } }, tellSecure, setSecure);

    it(
      'The header of a proxy that is not trusted makes no secure cookie possible (B081, U33, F34)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertNoCookie(await visit('/', https));
      }),
    );

    it(
      'Nor does req.secure where proxy is false (B081, U34, F35)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        const response = await visit('/', { headers: { ...https.headers, 'X-Secure': 'true' } });
        assertNoCookie(response);
        assert.equal(response.text, 'true');
      }),
    );
  });

  describe('that is not given', () => {
    const serve = (suite: Suite) => suite.serve({ cookie: { secure: true } }, tellSecure, setSecure);

    it(
      'The header of a proxy is not trusted unless proxy says so (B082, U35, F36)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertNoCookie(await visit('/', https));
      }),
    );

    it(
      'A req.secure that is true makes a secure cookie possible where proxy is not given (B082, U36, F37)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        const response = await visit('/', { headers: { ...https.headers, 'X-Secure': 'true' } });
        assertCookie(response);
        assert.equal(response.text, 'true');
      }),
    );
  });
});
