/** Someone who visits a running example and keeps the token that it hands out, be it in a cookie or in a header. */
import assert from 'node:assert/strict';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

export class Visitor {
  /** The session cookie's value. */
  cookie = '';
  /** The header that carries the token where no cookie does. */
  credentials: Record<string, string> = {};
  readonly #site: string;

  constructor(site: string) {
    this.#site = site;
  }

  /** The same site in another browser. */
  another(): Visitor {
    return new Visitor(this.#site);
  }

  async visit(method: string, url: string, form?: Record<string, string>): Promise<Answer> {
    const answer = await fetch(`${this.#site}${url}`, {
      method,
      redirect: 'manual',
      headers: { ...(this.cookie && { cookie: `connect.sid=${this.cookie}` }), ...this.credentials },
      ...(form && { body: new URLSearchParams(form) }),
    });
    const { headers, status } = answer;
    const sent = headers.getSetCookie().find((line) => line.startsWith('connect.sid='));
    if (sent) this.cookie = sent.slice('connect.sid='.length).split(';')[0] ?? '';
    const [bearer, bare] = [headers.get('x-session-token'), headers.get('x-access-token')];
    if (bearer) this.credentials = { authorization: `Bearer ${bearer}` };
    if (bare) this.credentials = { 'x-access-token': bare };
    return { status, body: await answer.text(), headers };
  }

  async get(url: string): Promise<string> {
    return (await this.visit('GET', url)).body;
  }

  async post(url: string, form?: Record<string, string>): Promise<number> {
    return (await this.visit('POST', url, form)).status;
  }

  /** Requests every route that a program defines: none may fail, but it may ask for a sign-in. */
  async visitRoutes(program: string): Promise<void> {
    const routes = [...program.matchAll(/\.(get|post|patch|delete)\('(\/[^']*)'/g)];
    assert.ok(routes.length > 0, 'the program listens and defines no route');
    for (const [, method = '', url = ''] of routes) {
      const { status, body } = await this.visit(method.toUpperCase(), url);
      assert.ok(status < 400 || status === 401, `${method} ${url}: ${String(status)} ${body}`);
    }
  }
}
