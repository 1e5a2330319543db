/** One run of a scenario: processes, requests, the store; what can happen next, and what has happened. */
import { type Choice, faultsOf, type Happenings, labelOf } from './faults';
import { Monitor } from './monitor';
import { digestOf, type Names, Pasts } from './names';
import { answerOf, callOf, Process, STORE_TIMEOUT } from './process';
import { cookieAfter, nameOf, type Request, requestsOf } from './request';
import type { Beginning, Scenario } from './scenario';
import { type Call, describe, isDone, isMutating, Store } from './store';
import type { FakeTime } from './time';
import { Timeouts } from './timeouts';

export class World {
  readonly store: Store;
  readonly requests: Request[];
  readonly monitor: Monitor;
  readonly thrown: unknown[] = [];
  trace: string[] | undefined;
  hadFault = false;
  calls: Call[] = [];
  readonly #processes = new Map<number, Process | 'dead'>();
  readonly #pasts: Pasts;
  readonly #timeouts = new Timeouts();

  constructor(
    readonly scenario: Scenario,
    readonly beginning: Beginning,
    readonly time: FakeTime,
    private readonly names: Names,
  ) {
    this.store = new Store(scenario.store, () => time.now);
    this.store.records = new Map(beginning.records);
    this.requests = requestsOf(scenario, beginning.credential);
    this.monitor = new Monitor(this.store.records);
    this.#pasts = new Pasts(names);
    time.onTimer = (timer) => {
      timer.isTimeout = timer.ms === STORE_TIMEOUT;
      if (timer.isTimeout) this.#timeouts.addTimer(timer);
    };
    for (const { process } of this.requests) {
      if (this.#processes.has(process)) continue;
      this.#processes.set(
        process,
        new Process(
          process,
          scenario.instances?.[process] ?? 'step two',
          scenario.store,
          scenario,
          (...args) => {
            this.#issue(callOf(process, ...args));
          },
        ),
      );
    }
  }

  /** Starts what has no choice of when to start, and waits until nothing moves. */
  async begin(): Promise<void> {
    for (const request of this.requests) {
      if (!request.before && !this.#isSplit(request.process)) await this.#start(request);
    }
    await this.#rest();
  }

  async take(choice: Choice): Promise<void> {
    if (choice.isFault) this.hadFault = true;
    this.trace?.push(`${choice.isFault ? '! ' : '  '}${choice.label}`);
    this.time.owner = choice.process;
    try {
      choice.apply();
    } catch (error) {
      this.thrown.push(error);
    }
    await this.#rest();
  }

  /** All that can happen next; nothing: the run is over. */
  choices(withFaults: boolean): Choice[] {
    const choices: Choice[] = [];
    for (const call of this.calls) choices.push(this.#step(call));
    for (const timer of this.time.timers.filter((one) => !one.isTimeout)) {
      const { owner: process, ms } = timer;
      const apply = (): void => {
        this.#pasts.note(process, 'timer');
        this.time.fire(timer);
      };
      choices.push({ label: `P${String(process)} timer of ${String(ms)} ms`, process, apply });
    }
    for (const request of this.requests) {
      if (request.state !== 'waiting' || request.before || !this.#isAlive(request.process)) continue;
      const apply = (): void => void this.#start(request);
      choices.push({ label: `request ${nameOf(request)} arrives`, process: request.process, apply });
    }
    if (withFaults && !this.hadFault) {
      for (const call of this.calls) choices.push(...faultsOf(call, this.#happenings(call)));
      for (const process of new Set(this.calls.map((call) => call.process))) {
        const apply = (): void => this.#die(process);
        choices.push({ label: `P${String(process)} dies`, process, isFault: true, apply });
      }
    }
    return choices;
  }

  /**
   * What the rest of the run depends on, as a short text. The memory of a process is a function of what it has been
   * told in its order; so two runs that agree in that, in the store and in what the properties look at go on alike.
   */
  key(): string {
    const records = [...this.store.records].map(([id, { text, expires }]) =>
      this.names.canonical(`${id}=${text}@${String(expires)}`, 'store'),
    );
    const halves = this.calls.map((call) =>
      call.phase === 'queued' && !call.isLate
        ? ''
        : `${call.phase}${String(call.isLate)}${this.names.canonical(JSON.stringify([call.result, call.seen?.text]), 'store')}`,
    );
    const parts = [
      records.sort().join('\n'),
      this.#pasts.key,
      halves.join(),
      String(this.hadFault),
      this.monitor.key(this.names),
    ];
    return digestOf(parts.join('\n\n\n'));
  }

  #issue(call: Call): void {
    if (!this.#isAlive(call.process)) return;
    this.calls.push(call);
    this.#timeouts.addCall(call);
    this.#pasts.note(call.process, `${call.method} ${call.id} ${String(call.tag)} ${call.text ?? ''}`);
  }

  #step(call: Call): Choice {
    const isSplit = this.#isSplit(call.process);
    const apply = (): void => {
      if (isDone(call)) this.#answer(call, null);
      else {
        this.#effect(call, () => this.store.advance(call));
        if (!isSplit && isDone(call)) this.#answer(call, null);
      }
    };
    const what = isDone(call) ? 'is answered' : isSplit ? 'takes effect' : 'takes effect, is answered';
    return {
      label: `${labelOf(call)} ${what}${call.isLate ? ', too late' : ''}`,
      process: call.process,
      apply,
    };
  }

  /** What a fault of a call is made of. */
  #happenings(call: Call): Happenings {
    const timer = this.#timeouts.timerOf(call);
    const mayBeLate = this.scenario.hasLateWrites ?? this.scenario.store.conditional === 'compareAndSet';
    return {
      finish: () => this.#effect(call, () => this.store.finish(call)),
      fail: () => this.#answer(call, new Error('boom!')),
      die: () => this.#die(call.process),
      forget: () => this.#remove(call),
      expire:
        timer &&
        (() => {
          this.#pasts.note(call.process, 'timeout');
          this.time.fire(timer);
        }),
      mayBeLate: mayBeLate || call.method === 'destroy',
    };
  }

  #effect(call: Call, advance: () => void): void {
    const before = isMutating(call) ? new Map(this.store.records) : undefined;
    advance();
    if (before) this.monitor.compare(before, this.store.records, this.requests);
    else if (call.request !== undefined) this.monitor.hasLooked(call.request);
    this.trace?.push(`      → ${call.phase === 'read' ? 'read' : describe(call)}`);
  }

  #answer(call: Call, error: Error | null): void {
    this.#remove(call);
    if (!this.#isAlive(call.process)) return;
    const { method, id, result } = call;
    this.#pasts.note(call.process, `${method} ${id} ← ${error ? error.message : JSON.stringify(result)}`);
    if (error) call.answer(error);
    else call.answer(null, answerOf(call));
  }

  #remove(call: Call): void {
    this.calls = this.calls.filter((one) => one !== call);
    this.#timeouts.remove(call);
  }

  #die(process: number): void {
    this.#processes.set(process, 'dead');
    this.calls = this.calls.filter((call) => call.process !== process);
    this.time.timers = this.time.timers.filter((timer) => timer.owner !== process);
    this.#pasts.note(process, 'dead');
    for (const request of this.requests) {
      if (request.process !== process || request.state === 'answered') continue;
      request.state = 'dead';
    }
  }

  /** Whether effect and answer are two steps, and arrival is one: a process of one request cannot tell the difference. */
  #isSplit(process: number): boolean {
    const actors = this.scenario.actors.filter(({ steps }) => steps.some((step) => step.process === process));
    return this.scenario.isSplit === true || actors.length > 1;
  }

  #isAlive(process: number): boolean {
    return this.#processes.get(process) !== 'dead';
  }

  async #start(request: Request): Promise<void> {
    const process = this.#processes.get(request.process);
    if (!process || process === 'dead') {
      request.state = 'dead';
      return;
    }
    request.state = 'running';
    this.time.owner = request.process;
    this.#pasts.note(request.process, `request ${nameOf(request)} ${request.credential?.value ?? ''}`);
    try {
      request.exchange = process.serve(request, request.credential, this.beginning.recordId);
    } catch (error) {
      this.thrown.push(error);
    }
    if (!this.#isSplit(request.process)) await this.time.settle();
  }

  /** Waits until nothing moves, takes note of answers, starts what waited for them. */
  async #rest(): Promise<void> {
    for (let isMoving = true; isMoving;) {
      await this.time.settle();
      this.#timeouts.endTurn();
      isMoving = false;
      for (const request of this.requests) {
        const answer = request.exchange?.answer;
        if (request.state !== 'running' || !answer?.isComplete) continue;
        request.state = 'answered';
        this.#pasts.note(request.process, `answer ${nameOf(request)} ${JSON.stringify(answer)}`);
        this.monitor.answered(request);
        this.trace?.push(
          `    ${nameOf(request)}: ${String(answer.status)} ${answer.cookie ? 'with a token' : 'no token'}`,
        );
        const next = this.requests.find((one) => one.before === request);
        if (!next) continue;
        next.credential = cookieAfter(request);
        isMoving = true;
        await this.#start(next);
      }
    }
  }
}
