/** A self-signed certificate for the loopback: see the first line of each file. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

function testOnly(part: 'cert' | 'key'): string {
  return readFileSync(path.join(__dirname, `tls-test-only-${part}.pem`), 'utf8');
}

export const tls = { cert: testOnly('cert'), key: testOnly('key') };
