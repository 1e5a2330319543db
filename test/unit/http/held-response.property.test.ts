/** Whatever a handler does with its response, its client reads the same with and without a held response. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pipelined, program, untilAbort, withAbort } from '../../support/response-program-arbitraries';
import { type Mode, mountHeld, Stage } from '../../support/response-programs';

const runs = Number(process.env.PROPERTY_RUNS ?? 150);
const seed = process.env.PROPERTY_SEED === undefined ? undefined : Number(process.env.PROPERTY_SEED);

const mode = fc.constantFrom<Mode[]>(
  'no holds',
  'holds of one turn',
  'holds of some turns',
  'holds of some turns',
);

describe('A held response, whatever its handler does', function () {
  this.timeout(0);
  const stage = new Stage(mountHeld);
  const parameters = { numRuns: runs, ...(seed === undefined ? {} : { seed }) };

  before(() => stage.open());
  after(() => stage.close());

  it('reads the same over HTTP/1 [B037 B052-B058 B061]', () =>
    fc.assert(
      fc.asyncProperty(program('HTTP/1.1'), mode, async (one, held) => {
        assert.deepEqual(await stage.http1([one], held), await stage.http1([one], 'bare'));
      }),
      parameters,
    ));

  it('reads the same pipelined [B037 B052-B058 B061]', () =>
    fc.assert(
      fc.asyncProperty(pipelined, mode, async (programs, held) => {
        const [ours, bare] = [await stage.http1(programs, held), await stage.http1(programs, 'bare')];
        assert.equal(ours.received, bare.received);
        // Whether callbacks of a response come that never has its turn is a race.
        assert.deepEqual(
          ours.traces.map(({ outcomes }) => outcomes),
          bare.traces.map(({ outcomes }) => outcomes),
        );
      }),
      parameters,
    ));

  it('reads the same over HTTP/2 [B037 B052-B058 B061]', () =>
    fc.assert(
      fc.asyncProperty(program('HTTP/2'), mode, async (one, held) => {
        assert.deepEqual(await stage.http2(one, held), await stage.http2(one, 'bare'));
      }),
      parameters,
    ));

  it('survives a client that leaves [B055 B259]', () =>
    fc.assert(
      fc.asyncProperty(withAbort('HTTP/1.1'), withAbort('HTTP/2'), mode, async (one, two, held) => {
        const [ours, bare] = [await stage.http1([one], held), await stage.http1([one], 'bare')];
        assert.deepEqual(
          untilAbort(one, ours.traces[0]?.outcomes ?? []),
          untilAbort(one, bare.traces[0]?.outcomes ?? []),
        );
        const [ours2, bare2] = [await stage.http2(two, held), await stage.http2(two, 'bare')];
        assert.deepEqual(
          untilAbort(two, ours2.traces[0]?.outcomes ?? []),
          untilAbort(two, bare2.traces[0]?.outcomes ?? []),
        );
      }),
      parameters,
    ));
});
