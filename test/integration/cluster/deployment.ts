/** Processes of every kind, and which of them serve at the moment: each request goes to one of those at random. */
import http from 'node:http';
import { type Answer, sendAgain } from './client';
import { Member } from './cluster';
import { type Kind, kinds, settingsOf } from './mixtures';
import type { Settings } from './settings';

/** Of each kind, so that two of a kind meet on one session as well. */
const PROCESSES = 2;

export interface Instance {
  readonly kind: Kind;
  readonly member: Member;
}

export interface KnownAnswer extends Answer {
  /** Who has answered. */
  readonly kind: Kind;
}

export class Deployment {
  readonly instances: readonly Instance[];
  /** Of the cookies of express-session. */
  readonly secret: string;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(settings: Settings) {
    this.secret = settings.secret;
    this.instances = kinds.flatMap((kind) =>
      Array.from({ length: PROCESSES }, () => ({
        kind,
        member: new Member({ ...settings, ...settingsOf(kind) }),
      })),
    );
  }

  async start(): Promise<void> {
    await Promise.all(this.instances.map(({ member }) => member.start()));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await Promise.all(this.instances.map(({ member }) => member.stop()));
  }

  /** What the processes have written to stderr. */
  get complaints(): string {
    return this.instances.map(({ member }) => member.complaints).join('');
  }

  async send({ kind, member }: Instance, request: string, cookie?: string): Promise<KnownAnswer> {
    return { kind, ...(await sendAgain(member, request, { cookie, agent: this.#agent })) };
  }
}

/** The instances of a deployment that serve some people. */
export class Front {
  #serving: readonly Instance[] = [];

  constructor(
    readonly deployment: Deployment,
    readonly random: (limit: number) => number,
  ) {}

  serveBy(kindsOfPhase: readonly Kind[]): void {
    this.#serving = this.deployment.instances.filter(({ kind }) => kindsOfPhase.includes(kind));
  }

  /** One of those that serve, other than this one. */
  pick(not?: Instance): Instance {
    const others = this.#serving.filter((one) => one !== not);
    const picked = others[this.random(others.length)];
    if (!picked) throw new Error('nobody serves');
    return picked;
  }

  /** One of each kind that serves. */
  oneOfEach(): Instance[] {
    return kinds
      .map((wanted) => this.#serving.find(({ kind }) => kind === wanted))
      .filter((one) => one !== undefined);
  }

  send(request: string, cookie?: string): Promise<KnownAnswer> {
    return this.deployment.send(this.pick(), request, cookie);
  }
}
