/** Plays held calls to the functions of Node, or of earlier middleware. */
import type { ServerResponse } from 'node:http';
import { isGone, isHttp2Response } from './response-kind';

export type Name = 'writeHead' | 'write' | 'end' | 'flushHeaders';
export type Method = (...args: unknown[]) => unknown;
/** The functions that the response had before. A response that is not Node's may lack some. */
export type Captured = Partial<Record<Name, Method>>;
export type Call = [name: Name, args: unknown[]];

/** @returns whether the last write found the buffer full. Then Node itself emits `drain` later */
export function playCalls(res: ServerResponse, captured: Captured, calls: Call[]): boolean {
  // The client has gone, and HTTP/2 would throw.
  if (isGone(res)) return true;
  const corks = res.writableCorked;
  const response = res as unknown as Record<Name, Method | undefined>;
  const { writeHead } = response;
  // The `writeHead` of later middleware has run when the headers were due. It must not run again.
  if (captured.writeHead) response.writeHead = captured.writeHead;
  const isJoined = calls.length > 1 && isHttp2Response(res);
  let isFull = false;
  try {
    for (const [name, given] of calls) {
      const args = isJoined && name !== 'writeHead' ? withBytes(given) : given;
      if (name === 'end') uncork(res, corks);
      const result = captured[name]?.apply(res, args);
      if (name === 'write') isFull = result === false;
    }
  } finally {
    if (captured.writeHead) response.writeHead = writeHead;
  }
  return isFull;
}

/** Uncorks the response. Otherwise Node 24 sends a corked chunk after the end of the body. */
function uncork(res: ServerResponse, corks: number | undefined): void {
  for (let left = corks ?? 0; left > 0; left--) res.uncork();
}

/**
 * Replaces a text by its bytes. Node joins several texts that are written to an HTTP/2 stream in one turn, and sends freed
 * memory if the last one is empty (Node 20 to 24). Bytes are safe.
 */
function withBytes(args: unknown[]): unknown[] {
  const [chunk, encoding] = args;
  if (typeof chunk !== 'string') return args;
  const bytes = Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return [bytes, ...args.slice(1).filter((arg) => typeof arg === 'function')];
}
