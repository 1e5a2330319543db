# A third service, which is not even in JavaScript: Python with PyJWT (Debian: python3-jwt, python3-cryptography).
import json, os
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import jwt

keys = jwt.PyJWKClient(os.environ.get("JWKS_URL", "http://127.0.0.1:3000/.well-known/jwks.json"))

class Verifier(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            token = SimpleCookie(self.headers["Cookie"])["connect.sid"].value
            key = keys.get_signing_key_from_jwt(token).key
            status, answer = 200, jwt.decode(token, key, algorithms=["ES256"])
        except (KeyError, jwt.PyJWTError):
            status, answer = 401, {"error": "sign in first"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "5000"))), Verifier)
print(f"verifier: http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
