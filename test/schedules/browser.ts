/** What travels between a browser and a process, without sockets: requests as objects, answers as the bytes that left. */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { SimRequest } from './packages';

/** The value of a session cookie, and who has had a part in it. */
export interface Credential {
  readonly value: string;
  /** The requests whose data its holder may read: those that gave it out, and those it came from. */
  readonly lineage: readonly number[];
}

export interface Answer {
  status: number;
  /** The value of the session cookie that came with it. */
  cookie: string | undefined;
  body: string;
  /** Errors that were reported after the response. */
  late: string[];
  isComplete: boolean;
  /** The connection was ended before the response was complete. */
  isBroken: boolean;
}

/** Takes what Node writes to a connection. */
class Wire extends Duplex {
  text = '';

  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  override _read(): void {
    // The request is there as a whole.
  }
}

export interface Exchange {
  readonly req: SimRequest;
  readonly res: ServerResponse;
  readonly answer: Answer;
}

/** A request that has just arrived. `left` is called when bytes of its response have left for the first time. */
export function arrive(path: string, cookie: string | undefined): Exchange {
  const wire = new Wire();
  const socket = wire as unknown as Socket;
  const req = new IncomingMessage(socket) as SimRequest;
  req.method = 'GET';
  req.url = path;
  req.httpVersion = '1.1';
  req.httpVersionMajor = req.httpVersionMinor = 1;
  req.headers = cookie === undefined ? {} : { cookie: `connect.sid=${cookie}` };
  const res = new ServerResponse(req);
  res.sendDate = false;
  res.assignSocket(socket);
  const answer: Answer = {
    status: 0,
    cookie: undefined,
    body: '',
    late: [],
    isComplete: false,
    isBroken: false,
  };
  const read = (): void => {
    if (answer.isComplete) return;
    answer.isComplete = true;
    parse(wire.text, answer);
  };
  res.on('finish', read);
  wire.on('close', () => {
    answer.isBroken ||= !answer.isComplete;
    read();
  });
  return { req, res, answer };
}

const COOKIE = /^set-cookie: connect\.sid=([^;]*)(.*)$/im;

function parse(text: string, answer: Answer): void {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  answer.status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0);
  const value = COOKIE.exec(head)?.[1];
  answer.cookie = value === '' ? undefined : value;
  answer.body = end < 0 ? '' : text.slice(end + 4);
}
