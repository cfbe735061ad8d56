"""Answers every request for https://icanhazip.com with one address that nobody has.

server.py [ADDRESS]: listens there, or on all addresses, on port 443.
"""

import http.server
import ssl
import sys


class Answer(http.server.BaseHTTPRequestHandler):
    # Of a container that is gone before its last packet left, nothing more comes: nobody else waits for it.
    timeout = 10

    def setup(self):
        self.request.settimeout(self.timeout)
        self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        super().finish()
        self.request.close()

    def do_GET(self):
        body = b"203.0.113.7\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.crt", "server.key")
server = http.server.ThreadingHTTPServer(("".join(sys.argv[1:]), 443), Answer)
print("ready", flush=True)
server.serve_forever()
