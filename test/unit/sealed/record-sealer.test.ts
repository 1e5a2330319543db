// Which part of a record is sealed, what is opened, and what the errors say.
import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import session from '../../../src';
import { RecordSealer } from '../../../src/sealed/record-sealer';
import { recordOf } from '../../../src/store-test/bench';
import type { SessionRecord } from '../../../src/types';

const secret = createSecretKey(randomBytes(32));
const sealer = new RecordSealer([secret], false);
const opener = new RecordSealer([secret], true);

const state = { gen: 2, tag: 'a.1.', created: 1 };
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The error of opening. */
function failure(open: () => unknown): NodeJS.ErrnoException {
  try {
    open();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  return assert.fail('it was opened');
}

describe('a sealed record', () => {
  it('has the same live cookie and the same __session, and nothing else that can be read (B273)', () => {
    const record = { ...recordOf({ user: 'zoltan' }), __session: state };
    const stored = sealer.seal('id', record);
    assert.deepEqual(Object.keys(stored), ['cookie', '__session', '__sealed']);
    assert.equal(stored.cookie, record.cookie);
    assert.ok(stored.cookie instanceof session.Cookie);
    assert.equal(stored.__session, state);
    assert.equal(JSON.stringify(stored).includes('zoltan'), false);
    assert.deepEqual(plain(sealer.open('id', plain(stored))), plain(record));
  });

  it('has no __session where the record has none, as one of express-session', () => {
    const stored = sealer.seal('id', recordOf({ user: 'zoltan' }));
    assert.deepEqual(Object.keys(stored), ['cookie', '__sealed']);
  });

  it('gives back all that JSON can say, members with the strangest names, too', () => {
    const data = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":1,"":2,"__sealed":"mine","list":[null,{"cookie":1}]}',
    ) as object;
    const record = recordOf(data);
    const opened = sealer.open('id', plain(sealer.seal('id', record)));
    assert.equal(JSON.stringify(opened), JSON.stringify(record));
    assert.equal((opened as { admin?: boolean }).admin, undefined);
  });

  it('keeps members that the store has added, and prefers its own to those of the same name', () => {
    const stored = { ...sealer.seal('id', recordOf({ role: 'reader' })), lastAccess: 1, role: 'admin' };
    const opened = sealer.open('id', stored) as Record<string, unknown>;
    assert.deepEqual([opened.lastAccess, opened.role, opened.__sealed], [1, 'reader', undefined]);
  });

  it('cannot be made of what JSON cannot say, and the error is that of JSON', () => {
    assert.throws(() => sealer.seal('id', recordOf({ count: 1n })), /BigInt/);
  });

  const stored = sealer.seal('the id', recordOf({ user: 'zoltan' }));
  for (const [title, open, message] of [
    [
      'another id',
      () => sealer.open('an id', stored),
      /no secret in the list opens it.*belongs to another id/,
    ],
    [
      'another secret',
      () => new RecordSealer([createSecretKey(randomBytes(32))], false).open('the id', stored),
      /Put the secret that is missing into the list, or destroy the session/,
    ],
    ['a changed text', () => sealer.open('the id', { ...stored, __sealed: 'v1.zoltan' }), /or was changed/],
    [
      'a later version',
      () => sealer.open('the id', { ...stored, __sealed: 'v2.zoltan' }),
      /Update the package/,
    ],
    ['no text', () => sealer.open('the id', { ...stored, __sealed: { user: 'zoltan' } }), /in no form that/],
    ['a list without ids', () => sealer.openAll([stored]), /`all` does not say its id/],
  ] as [string, () => unknown, RegExp][]) {
    it(`is an error with ${title}, which says what to do, and shows neither data nor id (B273)`, () => {
      const error = failure(open);
      assert.equal(error.code, 'ERR_SESSION_SEAL_UNREADABLE');
      assert.match(error.message, message);
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /zoltan|the id/);
    });
  }
});

describe('a record without a seal', () => {
  it('is given back as it is, and so is what is no record', () => {
    for (const stored of [undefined, null, 'text', 7, {}, recordOf({ a: 1 }), { __sealed: null, a: 1 }]) {
      assert.equal(sealer.open('id', stored), stored);
      assert.equal(opener.open('id', stored), stored);
    }
  });

  it('is what is stored where records are only opened, without a member of the reserved name', () => {
    const record = { ...recordOf({ user: 'zoltan', __sealed: 'v1.mine' }), __session: state };
    const stored = opener.seal('id', record);
    assert.deepEqual(stored, { cookie: record.cookie, __session: state, user: 'zoltan' });
    assert.equal(stored.cookie, record.cookie);
    const sealed = sealer.seal('id', stored);
    assert.equal((opener.open('id', sealed) as SessionRecord).user, 'zoltan');
  });
});

describe('a list of records', () => {
  const one = recordOf({ user: 'zoltan' });
  const two = recordOf({ user: 'bob' });

  it('is opened by id, sealed or not', () => {
    const opened = sealer.openAll({ one: sealer.seal('one', one), two });
    assert.deepEqual(opened, { one, two });
  });

  it('is opened where it is an array whose members say their id, which stays', () => {
    const opened = sealer.openAll([
      { ...sealer.seal('one', { ...one, id: 'mine' }), id: 'one' },
      two,
      'text',
    ]);
    assert.deepEqual(opened, [{ ...one, id: 'one' }, two, 'text']);
  });

  it('is given back as it is where it is none', () => {
    for (const stored of [undefined, null, 'text']) assert.equal(sealer.openAll(stored), stored);
  });

  it('is an error as a whole where one record cannot be opened', () => {
    const error = failure(() =>
      sealer.openAll({ one: sealer.seal('one', one), two: sealer.seal('one', two) }),
    );
    assert.equal(error.code, 'ERR_SESSION_SEAL_UNREADABLE');
  });
});
