/** Prints a key pair in the forms that environments take (`keygen --env`). */

/** The lines of the `.env` file have no quotes. dotenv and Node need none, and Docker would make them part of the value. */
export function formatSecrets(keys: { public: string; private: string }): string {
  return `# .env, for dotenv, node --env-file and docker run --env-file:
SESSION_PRIVATE_KEY=${onOneLine(keys.private)}
SESSION_PUBLIC_KEY=${onOneLine(keys.public)}

# The application, which needs the private key only; who only verifies tokens needs the public one:
#   session({ keys: { private: process.env.SESSION_PRIVATE_KEY } })

# Docker secret; in the container it is readFileSync('/run/secrets/session_private_key'):
docker secret create session_private_key - <<'EOF'
${keys.private}EOF

# Kubernetes, for kubectl apply -f -; in the container's spec: envFrom: [{ secretRef: { name: session-keys } }]
apiVersion: v1
kind: Secret
metadata:
  name: session-keys
type: Opaque
stringData:
  SESSION_PRIVATE_KEY: |
${indent(keys.private)}
  SESSION_PUBLIC_KEY: |
${indent(keys.public)}
`;
}

/** A PEM text on one line. The middleware reads a backslash and an n as the end of a line. */
function onOneLine(pem: string): string {
  return pem.trim().replaceAll('\n', '\\n');
}

function indent(pem: string): string {
  return pem
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
