/** The seal: stands in for the four methods of a response that send bytes, and queues their calls while it has to hold. */
import type { ServerResponse } from 'node:http';
import { ClosedHeaders, headersSentError } from './closed-headers';
import { HeldCalls, type Phase } from './held-calls';
import type { ResponseHooks } from './held-response';
import { beginHold, type HoldOwner } from './hold';
import { playCalls, type Call, type Captured, type Name } from './playback';
import { isStatusAcceptable, refuseWriteAfterEnd, requireEndable, requireWritable } from './refusals';
import { emit, haveHeadersLeft, isGone, isHttp2Response } from './response-kind';

export class Seal implements HoldOwner {
  readonly #res: ServerResponse;
  readonly #hooks: ResponseHooks;
  readonly #captured: Captured;
  #phase: Phase = 'open';
  #held: HeldCalls | undefined;
  #closed: ClosedHeaders | undefined;
  #hasEnded = false;
  #hasLeft = false;
  #isNoting = false;

  constructor(res: ServerResponse, hooks: ResponseHooks, captured: Captured) {
    this.#res = res;
    this.#hooks = hooks;
    this.#captured = captured;
  }

  end(args: unknown[]): unknown {
    if (this.#phase === 'own') return this.#call('end', args);
    if (this.#hasEnded) return false;
    requireEndable(this.#res, args);
    const phase = this.#look();
    if (phase === 'open' && !isStatusAcceptable(this.#res)) return this.#refuse('end', args);
    this.#hasEnded = true;
    if (phase === 'destroyed') return this.#res;
    try {
      if (phase === 'held') {
        const hold = this.#hooks.ended(false);
        this.#holding.end = ['end', args];
        this.#holding.endHold = hold;
        return this.#res;
      }
      return this.#endNow(phase, args);
    } catch (error) {
      this.#becomeOwn();
      throw error;
    }
  }

  #endNow(phase: Phase, args: unknown[]): unknown {
    this.#phase = 'ending';
    if (phase === 'due') this.#reopen();
    const hold = this.#hooks.ended(phase !== 'passing');
    const answer = hold ? beginHold(hold, this) : 'sent';
    if (!answer) {
      this.#holding.end = ['end', args];
      if (phase === 'open') this.#noteHead();
      if (phase === 'due') this.#close();
      return this.#res;
    }
    if (answer !== 'sent') return this.#res;
    this.#phase = 'passing';
    if (!this.#held) return this.#call('end', args);
    this.#play([...this.#held.calls, ['end', args]]);
    return this.#res;
  }

  write(args: unknown[]): unknown {
    const phase = this.#look();
    if (phase === 'passing' || phase === 'own') return this.#call('write', args);
    requireWritable(this.#res, args);
    if (this.#hasEnded) return refuseWriteAfterEnd(this.#res, args);
    if (phase === 'open') {
      if (!isStatusAcceptable(this.#res)) return this.#refuse('write', args);
      this.#noteHead();
      this.#waitForEnd();
    }
    if (phase === 'destroyed' || isGone(this.#res)) return false;
    this.#holding.calls.push(['write', args]);
    this.#holding.owesDrain = true;
    return false;
  }

  flushHeaders(args: unknown[]): unknown {
    const phase = this.#look();
    if (phase === 'passing' || phase === 'own') return this.#call('flushHeaders', args);
    if (phase === 'open') {
      if (!isStatusAcceptable(this.#res)) return this.#refuse('flushHeaders', args);
      this.#noteHead();
      this.#waitForEnd();
    }
    if (!this.#hasEnded) this.#holding.calls.push(['flushHeaders', args]);
    return undefined;
  }

  writeHead(args: unknown[]): unknown {
    const phase = this.#look();
    if (phase === 'passing' || phase === 'own') return this.#call('writeHead', args);
    if (!this.#isNoting && phase !== 'open') {
      // HTTP/2 does not throw when the client has gone.
      if (isHttp2Response(this.#res) && isGone(this.#res)) return this.#res;
      throw headersSentError(this.#res, 'write');
    }
    if (!this.#isNoting && !isStatusAcceptable(this.#res, args[0], args[1]))
      return this.#refuse('writeHead', args);
    if (typeof args[1] === 'string' && !isHttp2Response(this.#res)) this.#res.statusMessage = args[1];
    if (this.#isNoting) return this.#res;
    this.#holding.calls.push(['writeHead', args]);
    this.#close();
    this.#waitForEnd();
    return this.#res;
  }

  /** The phase. Somebody may have sent the headers without our methods; then they cannot be changed. */
  #look(): Phase {
    if (this.#phase === 'open' && haveHeadersLeft(this.#res)) {
      this.#phase = 'passing';
      this.#hasLeft = true;
    }
    return this.#phase;
  }

  get #holding(): HeldCalls {
    return (this.#held ??= new HeldCalls());
  }

  #call(name: Name, args: unknown[]): unknown {
    return this.#captured[name]?.apply(this.#res, args);
  }

  /** Passes a wrong call to Node, which throws. */
  #refuse(name: Name, args: unknown[]): unknown {
    this.#phase = 'passing';
    try {
      return this.#call(name, args);
    } catch (error) {
      this.#phase = 'open';
      throw error;
    }
  }

  /** Runs the header listeners of later middleware, then closes the headers. Node makes the head when the calls are played. */
  #noteHead(): void {
    this.#isNoting = true;
    try {
      if (this.#captured.writeHead) this.#res.writeHead(this.#res.statusCode);
    } finally {
      this.#isNoting = false;
    }
    this.#close();
  }

  #close(): void {
    this.#closed = new ClosedHeaders(this.#res);
  }

  #reopen(): void {
    this.#closed?.reopen();
    this.#closed = undefined;
  }

  /** Waits for the end of this tick. If `end` comes until then, the whole response goes at once. */
  #waitForEnd(): void {
    this.#phase = 'due';
    process.nextTick(() => {
      if (this.#phase === 'due') this.#dueNow();
    });
  }

  #dueNow(): void {
    this.#phase = 'held';
    this.#reopen();
    try {
      const hold = this.#hooks.headersDue();
      const answer = hold ? beginHold(hold, this) : 'sent';
      if (!answer) this.#close();
      if (answer === 'sent') this.#resume();
    } catch (error) {
      // The call that caused this has returned, so nobody can catch the error.
      this.destroy(error as Error);
    }
  }

  isOver(): boolean {
    return this.#phase === 'own';
  }

  send(settle: (() => void) | undefined, isInTurn: boolean): void {
    try {
      if (!this.#hasLeft) {
        this.#reopen();
        settle?.();
      }
      if (!isInTurn) this.#resume();
    } catch (error) {
      this.#becomeOwn();
      throw error;
    }
  }

  discard(): boolean {
    if (this.#hasLeft) this.destroy();
    else this.#becomeOwn();
    return !this.#hasLeft;
  }

  /** Ends the connection. The headers stay closed, so that nobody tries to send an error page. */
  destroy(error?: Error): void {
    this.#held = undefined;
    this.#phase = 'destroyed';
    if (!this.#hasLeft && !this.#closed) this.#close();
    if (typeof (this.#res as Partial<ServerResponse>).destroy === 'function') this.#res.destroy(error);
    else this.#call('end', []);
  }

  /** A hold has answered: the held calls are played, and the hold of an `end` that came meanwhile begins. */
  #resume(): void {
    const { calls, end, endHold } = this.#holding;
    this.#play(end && !endHold ? [...calls, end] : calls);
    if (!end || !endHold) return;
    this.#phase = 'ending';
    this.#holding.end = end;
    if (beginHold(endHold, this) === 'sent') this.#play([end]);
  }

  #play(calls: Call[]): void {
    const res = this.#res;
    const owesDrain = this.#held?.owesDrain;
    this.#held = undefined;
    this.#phase = 'passing';
    this.#hasLeft = true;
    const isFull = playCalls(res, this.#captured, calls);
    if (!owesDrain || isFull) return;
    process.nextTick(() => {
      if (!this.#hasEnded && !isGone(res)) emit(res, 'drain');
    });
  }

  #becomeOwn(): void {
    this.#held = undefined;
    this.#reopen();
    this.#phase = 'own';
  }
}
