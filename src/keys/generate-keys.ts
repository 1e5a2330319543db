/** Makes new key pairs. */
import { createHash, generateKeyPairSync } from 'node:crypto';

/** Digests of the private keys, so that the keys themselves are kept by the application only. */
const generated = new Set<string>();

/** Whether this private key was made in this process, and so is most likely lost when the process ends. */
export function isGeneratedHere(key: unknown): boolean {
  return typeof key === 'string' && generated.has(digestOf(key));
}

/** A new key pair on P-256, the curve of ES256, as PEM text: SPKI and PKCS#8. */
export function generateKeys(): { public: string; private: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  generated.add(digestOf(privateKey));
  return { public: publicKey, private: privateKey };
}

function digestOf(pem: string): string {
  return createHash('sha256').update(pem).digest('base64');
}
