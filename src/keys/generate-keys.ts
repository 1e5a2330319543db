/** Makes new key pairs. */
import { generateKeyPairSync } from 'node:crypto';

/** A new key pair on P-256, the curve of ES256, as PEM text: SPKI and PKCS#8. */
export function generateKeys(): { public: string; private: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { public: publicKey, private: privateKey };
}
