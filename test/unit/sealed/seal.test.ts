// The cryptography of sealed records: what opens a seal, and that nothing else does.
import assert from 'node:assert/strict';
import { createHash, createSecretKey, randomBytes, webcrypto } from 'node:crypto';
import { isKnownVersion, seal, unseal } from '../../../src/sealed/seal';

const secret = createSecretKey(randomBytes(32));
const other = createSecretKey(randomBytes(32));
const TEXT = '{"user":"Zoë 🐟"}';

const bytesOf = (sealed: string): Buffer => Buffer.from(sealed.slice('v1.'.length), 'base64url');
const sealOf = (bytes: Uint8Array): string => `v1.${Buffer.from(bytes).toString('base64url')}`;

describe('a seal', () => {
  it('gives the text back, also an empty and a long one', () => {
    for (const text of [TEXT, '', 'ß'.repeat(100_000)]) {
      assert.equal(unseal([secret], 'id', seal(secret, 'id', text)), text);
    }
  });

  it('is a version and base64url, so that neither a tag nor "__session": can be found in it', () => {
    const sealed = seal(secret, 'id', TEXT);
    assert.match(sealed, /^v1\.[\w-]+$/);
    assert.equal(bytesOf(sealed).length, 12 + 16 + Buffer.byteLength(TEXT));
  });

  it('has a new nonce each time', () => {
    const seals = Array.from({ length: 1000 }, () => bytesOf(seal(secret, 'id', TEXT)));
    const nonces = new Set(seals.map((bytes) => bytes.subarray(0, 12).toString('hex')));
    assert.equal(nonces.size, 1000);
  });

  it('opens with any secret of the list, and with no other', () => {
    const sealed = seal(secret, 'id', TEXT);
    assert.equal(unseal([other, secret], 'id', sealed), TEXT);
    assert.equal(unseal([other], 'id', sealed), undefined);
  });

  it('opens under its own id only, however long ids are', () => {
    const long = 'x'.repeat(5000);
    for (const [id, wrong] of [
      ['id', 'ie'],
      ['id', 'id\0'],
      ['id', ''],
      [long, `${long}x`],
    ] as const) {
      const sealed = seal(secret, id, TEXT);
      assert.equal(unseal([secret], id, sealed), TEXT);
      assert.equal(unseal([secret], wrong, sealed), undefined);
    }
  });

  it('does not open if any byte of it was changed: nonce, tag or data', () => {
    const bytes = bytesOf(seal(secret, 'id', TEXT));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = Number(bytes[at]) ^ 1;
      assert.equal(unseal([secret], 'id', sealOf(changed)), undefined, `byte ${String(at)}`);
    }
    assert.equal(unseal([secret], 'id', sealOf(bytes)), TEXT);
  });

  it('does not open if bytes are missing or were added', () => {
    const bytes = bytesOf(seal(secret, 'id', TEXT));
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(unseal([secret], 'id', sealOf(bytes.subarray(0, length))), undefined, String(length));
    }
    assert.equal(unseal([secret], 'id', sealOf(Buffer.concat([bytes, Buffer.of(0)]))), undefined);
  });

  it('is known by its version', () => {
    assert.equal(isKnownVersion(seal(secret, 'id', TEXT)), true);
    for (const text of ['', 'v1', 'v2.AAAA', 'v10.AAAA', 'V1.AAAA'])
      assert.equal(isKnownVersion(text), false);
  });

  it('is AES-256-GCM under a key by HKDF-SHA-256, as any other implementation has it', async () => {
    const { subtle } = webcrypto;
    const bytes = bytesOf(seal(secret, 'the id', TEXT));
    const material = await subtle.importKey('raw', secret.export(), 'HKDF', false, ['deriveKey']);
    const digest = createHash('sha256').update('the id').digest('base64url');
    const info = Buffer.from(`express-session-jwt sealed v1 ${digest}`);
    const key = await subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
      material,
      { name: 'AES-GCM', length: 256 },
      false,
      ['decrypt'],
    );
    const opened = await subtle.decrypt(
      { name: 'AES-GCM', iv: bytes.subarray(0, 12), additionalData: Buffer.from('v1 the id') },
      key,
      Buffer.concat([bytes.subarray(28), bytes.subarray(12, 28)]),
    );
    assert.equal(Buffer.from(opened).toString(), TEXT);
  });
});
