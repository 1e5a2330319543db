/** Finds calls that Node would refuse before they are queued, so that the wrong call itself throws. */
import { OutgoingMessage, type ServerResponse } from 'node:http';
import { format, types } from 'node:util';
import { emit, isGone, isHttp2Response, isNodeResponse } from './response-kind';

// The characters that Node allows in a status message.
const STATUS_MESSAGE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws what Node throws for a chunk of `write` that it does not take */
export function requireWritable(res: ServerResponse, [chunk, encoding]: unknown[]): void {
  if (!isNodeResponse(res)) return;
  // Not `instanceof`, because chunks under jest or `vm` come from another realm.
  if (typeof chunk !== 'string' && !types.isUint8Array(chunk)) {
    // A message that nobody receives checks its chunk first, and throws Node's own error.
    new OutgoingMessage().write(chunk);
  }
  requireEncoding(encoding);
}

/** @throws what Node throws for a chunk of `end` that it does not take */
export function requireEndable(res: ServerResponse, args: unknown[]): void {
  const chunk = args[0];
  const hasChunk = isHttp2Response(res) ? chunk !== undefined && chunk !== null : Boolean(chunk);
  if (!hasChunk || typeof chunk === 'function') return;
  requireWritable(res, args);
}

function requireEncoding(encoding: unknown): void {
  if (!encoding || typeof encoding === 'function' || encoding === 'buffer') return;
  const name = format('%s', encoding);
  if (!Buffer.isEncoding(name)) Buffer.from('', name as BufferEncoding);
}

/** Whether Node accepts this status. HTTP/2 and responses that are not Node's check it when it is assigned. */
export function isStatusAcceptable(
  res: ServerResponse,
  statusCode: unknown = res.statusCode,
  statusMessage?: unknown,
): boolean {
  if (isHttp2Response(res) || !isNodeResponse(res)) return true;
  const code = Number(statusCode) | 0;
  if (code < 100 || code > 999) return false;
  const message = typeof statusMessage === 'string' ? statusMessage : res.statusMessage;
  return !message || STATUS_MESSAGE.test(message);
}

/** Answers a write after `end` as Node does. */
export function refuseWriteAfterEnd(res: ServerResponse, args: unknown[]): boolean {
  const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
  const callback = args.find((arg) => typeof arg === 'function') as ((error: Error) => void) | undefined;
  process.nextTick(() => {
    callback?.(error);
    if (isGone(res)) return;
    if (isHttp2Response(res)) res.destroy(error);
    else emit(res, 'error', error);
  });
  return false;
}
