/** The option cookie: its path, `auto`, and a function in its place. */
import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type { Handler } from '../support/server';
import { assertCookie, assertNoCookie, ported, sent, type Suite } from './harness';

const https = { headers: { 'X-Forwarded-Proto': 'https' } };

/** Sets `req.secure` to what the request says in X-Secure, as code ahead of the middleware would. */
const setSecure: Handler = (req) => {
  const said = req.headers['x-secure'];
  Object.assign(req, { secure: said === undefined ? undefined : said === 'true' });
};

/** Answers with what the handler sees in `req.secure`. */
const tellSecure: Handler = (req, res) => res.end(String(req.secure));

function xSecure(value: boolean) {
  return { headers: { 'X-Secure': String(value) } };
}

describe('The option cookie', () => {
  describe('with the path /foo/bar', () => {
    const serve = (suite: Suite, before?: Handler) =>
      suite.serve({ cookie: { path: '/foo/bar' } }, tellSession, before);
    /** Whether a request has a session, and gets a cookie. */
    const tellSession: Handler = (req, res) => res.end(typeof req.session);
    const assertSession = (response: Response) => {
      assertCookie(response);
      assert.equal(response.text, 'object');
    };
    const assertNoSession = (response: Response) => {
      assertNoCookie(response);
      assert.equal(response.text, 'undefined');
    };

    it(
      'A request above the path of the cookie gets none (B013, U37, F38)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertNoSession(await visit());
      }),
    );

    it(
      'A Host header does not make a request one for the path of the cookie (B013, U38, F39)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertNoSession(await visit('/', { headers: { Host: 'http://foo/bar' } }));
      }),
    );

    it(
      'A request for the path of the cookie gets one (B013, U39, F40)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertSession(await visit('/foo/bar'));
      }),
    );

    it(
      'A request below the path of the cookie gets one (B013, U40, F41)',
      ported(async (suite) => {
        const { visit } = await serve(suite);
        assertSession(await visit('/foo/bar/baz'));
      }),
    );

    describe('in an application that is mounted at /foo', () => {
      const mountedAtFoo: Handler = (req) => {
        Object.assign(req, { originalUrl: req.url, url: req.url.replace(/^\/foo/, '') });
      };

      it(
        'A mounted application takes the path of the whole URL (B014, U41, F42)',
        ported(async (suite) => {
          const { visit } = await serve(suite, mountedAtFoo);
          assertSession(await visit('/foo/bar'));
        }),
      );

      it(
        'A mounted application does not take the path below its own (B014, U42, F43)',
        ported(async (suite) => {
          const { visit } = await serve(suite, mountedAtFoo);
          assertNoSession(await visit('/foo/foo/bar'));
        }),
      );
    });
  });

  describe('with secure auto', () => {
    const cookie = { maxAge: 5, secure: 'auto' };

    it(
      'Behind a trusted proxy that was reached by https the cookie is secure (B084, U43, F44)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ proxy: true, cookie });
        assert.equal(sent(await visit('/', https)).secure, true);
      }),
    );

    it(
      'Behind a proxy that is not trusted the cookie is not secure (B084, U44, F45)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ proxy: false, cookie });
        assert.equal(sent(await visit('/', https)).secure, undefined);
      }),
    );

    for (const [number, isSecure, title] of [
      ['B084, U45, F46', true, 'The cookie is secure if req.secure is true'],
      ['B084, U46, F47', false, 'The cookie is not secure if req.secure is false'],
    ] as const) {
      it(
        `${title} (${number})`,
        ported(async (suite) => {
          const { visit } = await suite.serve({ cookie: { secure: 'auto' } }, tellSecure, setSecure);
          const response = await visit('/', xSecure(isSecure));
          assert.equal(sent(response).secure, isSecure || undefined);
          assert.equal(response.text, String(isSecure));
        }),
      );
    }
  });

  describe('that is a function', () => {
    it(
      'What a cookie function returns shapes the cookie (B076, U47)',
      ported(async (suite) => {
        let calls = 0;
        const cookie = () => {
          calls++;
          return { path: '/test', httpOnly: true, secure: false };
        };
        const { visit } = await suite.serve({ cookie });
        const attributes = sent(await visit('/test'));
        assert.deepEqual(attributes, { path: '/test', httponly: true });
        assert.ok(calls > 0);
      }),
    );

    it(
      'A cookie function is given the request (B076, U48)',
      ported(async (suite) => {
        const cookie = (req: { url: string }) => ({ path: req.url, httpOnly: true, secure: false });
        const { visit } = await suite.serve({ cookie });
        for (const path of ['/test', '/other']) {
          assert.deepEqual(sent(await visit(path)), { path, httponly: true });
        }
      }),
    );
  });

  describe('with sameSite auto', () => {
    const security = async (suite: Suite, cookie: object, isSecure: boolean) => {
      const { visit } = await suite.serve({ cookie: { sameSite: 'auto', ...cookie } }, tellSecure, setSecure);
      const response = await visit('/', xSecure(isSecure));
      assert.equal(response.text, String(isSecure));
      return response;
    };
    const secureOf = ({ secure, samesite }: Record<string, string | true>) => [secure, samesite];

    it(
      'A secure connection makes SameSite None (B086, U49)',
      ported(async (suite) => {
        assert.equal(sent(await security(suite, {}, true)).samesite, 'None');
      }),
    );

    it(
      'An insecure connection makes SameSite Lax (B086, U50)',
      ported(async (suite) => {
        assert.equal(sent(await security(suite, {}, false)).samesite, 'Lax');
      }),
    );

    for (const [number, proxy, proto, sameSite] of [
      ['B086, U51', true, 'https', 'None'],
      ['B086, U52', true, 'http', 'Lax'],
      ['B086, U53', false, 'https', 'Lax'],
    ] as const) {
      const trusted = proxy ? 'trusted proxy' : 'proxy that is not trusted';
      it(
        `Behind a ${trusted} that was reached by ${proto} SameSite is ${sameSite} (${number})`,
        ported(async (suite) => {
          const { visit } = await suite.serve({ proxy, cookie: { sameSite: 'auto' } });
          const response = await visit('/', { headers: { 'X-Forwarded-Proto': proto } });
          assert.equal(sent(response).samesite, sameSite);
        }),
      );
    }

    it(
      'With both on auto a secure connection makes the cookie secure and SameSite None (B087, U54)',
      ported(async (suite) => {
        assert.deepEqual(secureOf(sent(await security(suite, { secure: 'auto' }, true))), [true, 'None']);
      }),
    );

    it(
      'With both on auto an insecure connection makes it neither (B087, U55)',
      ported(async (suite) => {
        assert.deepEqual(secureOf(sent(await security(suite, { secure: 'auto' }, false))), [
          undefined,
          'Lax',
        ]);
      }),
    );

    it(
      'With secure false a secure connection makes SameSite None alone (B088, U56)',
      ported(async (suite) => {
        assert.deepEqual(secureOf(sent(await security(suite, { secure: false }, true))), [undefined, 'None']);
      }),
    );

    it(
      'With secure false an insecure connection makes SameSite Lax alone (B088, U57)',
      ported(async (suite) => {
        assert.deepEqual(secureOf(sent(await security(suite, { secure: false }, false))), [undefined, 'Lax']);
      }),
    );

    it(
      'With secure true a secure connection makes the cookie secure and SameSite None (B089, U58)',
      ported(async (suite) => {
        assert.deepEqual(secureOf(sent(await security(suite, { secure: true }, true))), [true, 'None']);
      }),
    );

    it(
      'With secure true an insecure connection gets no cookie (B089, U59)',
      ported(async (suite) => {
        assertNoCookie(await security(suite, { secure: true }, false));
      }),
    );
  });
});
