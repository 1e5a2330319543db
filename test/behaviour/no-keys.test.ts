/** A middleware without keys answers with an error that says what to give it. */
import assert from 'node:assert/strict';
import request from 'supertest';
import session from '../../src';
import { serverOf } from '../support/server';

describe('a middleware without keys', () => {
  it('fails requests with the old message, a code, and below it what to do (B194)', async () => {
    let failure: (Error & { code?: string }) | undefined;
    const middleware = session();
    await request(
      serverOf((req, res, next) => {
        middleware(req, res, (error: unknown) => {
          failure = error as Error;
          next(error);
        });
      }),
    )
      .get('/')
      .expect(500, 'keys option required for sessions');
    assert.equal(failure?.code, 'ERR_SESSION_KEYS_REQUIRED');
    const [first = '', ...below] = String(failure.stack).split('\n');
    assert.equal(first, 'Error: keys option required for sessions');
    assert.match(
      below.slice(0, 3).join('\n'),
      /keygen --env \| grep \^SESSION_ > \.env\n {2}node --env-file=\.env app\.js$/,
    );
  });
});
