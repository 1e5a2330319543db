/** The member `__session` of a stored record. */
import assert from 'node:assert/strict';
import {
  firstState,
  newTag,
  nextGeneration,
  STATE_MEMBER,
  stateIn,
  withoutState,
} from '../../../src/session/record-state';
import type { SessionRecord } from '../../../src/types';
import { withFrozenClock } from '../../support/clock';

const holding = (state: unknown): SessionRecord =>
  ({ cookie: {}, __session: state }) as unknown as SessionRecord;
const good = { gen: 3, tag: 'some tag', created: 1000 };

describe('The state in a record', () => {
  it('is the member __session (B242)', () => {
    assert.equal(STATE_MEMBER, '__session');
    assert.equal(stateIn(holding(good)), good);
    const whole = { ...good, rotatedAt: 2000, adopted: 'a tenant' };
    assert.deepEqual(stateIn(holding(whole)), whole);
  });

  for (const [what, state] of [
    ['nothing', undefined],
    ['null', null],
    ['a text', 'mine'],
    ['a list', [1]],
    ['an object of the application', { admin: true }],
    ['a generation that is text', { ...good, gen: '3' }],
    ['generation 0', { ...good, gen: 0 }],
    ['half a generation', { ...good, gen: 1.5 }],
    ['a generation beyond counting', { ...good, gen: 2 ** 53 }],
    ['a tag that is none', { ...good, tag: 7 }],
    ['no tag', { gen: 3, created: 1000 }],
    ['no beginning', { gen: 3, tag: 'some tag' }],
    ['a beginning that is no time', { ...good, created: NaN }],
  ] as const) {
    it(`is none of the library's where it is ${what} (B242)`, () => {
      assert.equal(stateIn(holding(state)), undefined);
    });
  }

  it('begins with generation 1, now, and says whether a cookie of express-session may open it (B242)', () =>
    withFrozenClock(({ now }) => {
      const first = firstState();
      assert.deepEqual({ ...first, tag: '' }, { gen: 1, tag: '', created: now() });
      assert.equal('adopted' in first, false);
      assert.equal(firstState(true).adopted, true);
      assert.equal(firstState('acme').adopted, 'acme');
    }));

  it('of the next generation keeps beginning and adoption, and has another tag (B242)', () =>
    withFrozenClock((clock) => {
      const before = firstState('acme');
      clock.tick(5000);
      const after = nextGeneration(before);
      assert.deepEqual(
        { ...after, tag: '' },
        { gen: 2, tag: '', created: before.created, rotatedAt: clock.now(), adopted: 'acme' },
      );
      assert.notEqual(after.tag, before.tag);
    }));

  it('is left out of what applications see, the record itself is not touched (B175 B242)', () => {
    const record: SessionRecord = { ...holding(good), user: 'ann' };
    assert.deepEqual(withoutState(record), { cookie: {}, user: 'ann' });
    assert.equal(record.__session, good);
    const plain = { cookie: {}, user: 'ann' } as unknown as SessionRecord;
    assert.equal(withoutState(plain), plain);
  });
});

describe('A tag', () => {
  it('is another one each time, and no part of any other (B244)', () => {
    const tags = Array.from({ length: 2000 }, newTag);
    const text = tags.join('|');
    for (const tag of tags) assert.equal(text.split(tag).length, 2, tag);
  });

  it('looks the same in JSON, in a URL and in a pattern of LIKE or grep (B244)', () => {
    for (let count = 0; count < 100; count++) assert.match(newTag(), /^[\w-]{12}\.[0-9a-z]+\.$/);
  });
});
