/** The recipes of docs/users.md, as one program, do what the page says. */
import assert from 'node:assert/strict';
import path from 'node:path';
import Database from 'libsql';
import { decode } from '../support/cookies';
import { findBlock } from '../support/documents/markdown';
import { Project, type Running } from '../support/documents/project';
import type { Visitor } from '../support/documents/visitor';

const ACCOUNTS = `
export const findUser = (name, password) => (name === 'ada' && password === 'secret' ? { id: 101 } : undefined);
export const isPasswordOf = (userId, password) => userId === 101 && password === 'secret';
`;

describe('docs/users.md', function () {
  this.timeout(30_000);
  let project: Project;

  before(() => {
    project = new Project();
    project.write('accounts.js', ACCOUNTS);
    project.write('package.json', '{ "type": "module" }');
  });

  after(() => project.remove());

  beforeEach(() => {
    const db = new Database(path.join(project.directory, 'app.sqlite'));
    db.exec('DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS devices;');
    db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);');
    db.exec("INSERT INTO users (id, name) VALUES (101, 'ada');");
    db.exec(findBlock('docs/users.md', 'ALTER TABLE users').text);
    db.exec(findBlock('docs/users.md', 'CREATE TABLE devices').text);
    db.close();
  });

  it('signs out everywhere, other browsers and this one, and lets the user in again at once', () =>
    runs(async ({ visitor }) => {
      const other = await signedIn(visitor.another());
      await signedIn(visitor);
      assert.equal(await visitor.post('/sign-out-everywhere'), 302);
      assert.equal(await userOf(visitor), null);
      assert.equal(await userOf(other), null);
      await signedIn(visitor);
    }));

  it('signs out the others after a change of the password, and keeps this one', () =>
    runs(async ({ visitor }) => {
      const other = await signedIn(visitor.another());
      await signedIn(visitor);
      const before = visitor.cookie;
      assert.equal(await visitor.post('/password'), 302);
      assert.equal(await userOf(visitor), 101);
      assert.equal(await userOf(other), null);
      visitor.cookie = before;
      assert.equal(await userOf(visitor), null);
    }));

  it('lists the devices of a user, and signs one of them out', () =>
    runs(async ({ visitor }) => {
      const other = await signedIn(visitor.another());
      await signedIn(visitor);
      const devices = await devicesOf(visitor);
      assert.deepEqual(
        devices.map(({ isThisOne }) => isThisOne),
        [false, true],
      );
      assert.equal(await visitor.post(`/devices/${String(devices[0]?.id)}/sign-out`), 302);
      assert.equal(await userOf(other), null);
      assert.equal(await userOf(visitor), 101);
      assert.equal((await devicesOf(visitor)).length, 1);
      assert.equal(await visitor.post('/devices/999/sign-out'), 404);
    }));

  it('drops devices that have signed out or expired from the list', () =>
    runs(async ({ visitor, later }) => {
      const other = await signedIn(visitor.another());
      const third = await signedIn(visitor.another());
      await third.post('/logout');
      assert.equal((await devicesOf(other)).length, 1);
      await later(25 * 60 * 60 * 1000);
      await signedIn(visitor);
      assert.equal((await devicesOf(visitor)).length, 1);
    }));

  it('asks for the password again when the sign-in is some minutes old', () =>
    runs(async ({ visitor, later }) => {
      await signedIn(visitor);
      assert.equal(await visitor.get('/payment'), 'Pay here');
      await later(6 * 60 * 1000);
      assert.equal((await visitor.visit('GET', '/payment')).headers.get('location'), '/confirm');
      assert.equal(await visitor.post('/confirm', { password: 'wrong' }), 401);
      assert.equal(await visitor.post('/confirm', { password: 'secret' }), 302);
      assert.equal(await visitor.get('/payment'), 'Pay here');
    }));

  it('remembers who asked for it for 30 days, and others for one', () =>
    runs(async ({ visitor, later }) => {
      const other = await signedIn(visitor.another());
      await signedIn(visitor, { remember: 'on' });
      await later(2 * 24 * 60 * 60 * 1000);
      assert.equal(await userOf(visitor), 101);
      assert.equal(await userOf(other), null);
    }));

  it('names the user in the token, and refuses a wrong password', () =>
    runs(async ({ visitor }) => {
      assert.equal(await visitor.post('/login', { name: 'ada', password: 'wrong' }), 401);
      await signedIn(visitor);
      const { sub, auth_time: authTime } = decode(visitor.cookie).payload;
      assert.deepEqual([sub, typeof authTime], ['101', 'number']);
    }));

  async function runs(exercise: (running: Running) => Promise<void>): Promise<void> {
    await project.run(findBlock('docs/users.md', "app.post('/login'").text, exercise);
  }
});

async function signedIn(visitor: Visitor, more: Record<string, string> = {}): Promise<Visitor> {
  assert.equal(await visitor.post('/login', { name: 'ada', password: 'secret', ...more }), 302);
  assert.equal(await userOf(visitor), 101);
  return visitor;
}

async function userOf(visitor: Visitor): Promise<unknown> {
  return (JSON.parse(await visitor.get('/')) as { userId: unknown }).userId;
}

async function devicesOf(visitor: Visitor): Promise<{ id: number; isThisOne: boolean }[]> {
  return JSON.parse(await visitor.get('/devices')) as { id: number; isThisOne: boolean }[];
}
