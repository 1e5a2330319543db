// express-session and this package on one request.
import assert from 'node:assert/strict';
import expressSession from 'express-session';
import request from 'supertest';
import session from '../../src';
import { debugLines } from '../support/debug-lines';
import { keys } from '../support/keys';
import { setCookies } from '../support/cookies';
import { runProgram } from '../support/run-program';
import { serverOf } from '../support/server';
import { asStore } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { visits } from '../support/visits';

const WARNING = 'two session middlewares run on one request';

const original = expressSession({ secret: 'keyboard cat', resave: false, saveUninitialized: false });

describe('a request that express-session has had before', () => {
  it('is left to it, and the developer is told (B257)', async () => {
    const store = new ForeignStore();
    const middleware = session({ keys, name: 'ours', store: asStore(store) });
    const server = serverOf((req, res, next) => {
      original(req, res, () => {
        const { session: theirs } = req;
        middleware(req, res, (error?: unknown) => {
          assert.equal(req.session, theirs);
          next(error);
        });
      });
    }, visits);
    const lines = await debugLines(async () => {
      const res = await request(server).get('/').expect(200, '1');
      assert.match(setCookies(res).join(), /^connect\.sid=s%3A/);
    });
    assert.equal(lines.filter((line) => line.startsWith(WARNING)).length, 1);
    assert.deepEqual(methods(store), []);
  });

  it('draws a warning of the process, the first time alone (B257)', async function () {
    this.timeout(60_000);
    const { stderr } = await runProgram('three visits with express-session before it');
    assert.equal(stderr.split(WARNING).length - 1, 1, stderr);
    assert.match(
      stderr,
      /express-session, or another one, has set req\.session before, so this one does nothing/,
    );
  });

  it('draws none where both middlewares are of this package (B257)', async function () {
    this.timeout(60_000);
    const { stderr } = await runProgram('three visits with two of its middlewares');
    assert.equal(stderr, '');
  });
});
