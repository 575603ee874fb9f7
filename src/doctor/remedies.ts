/** Remedies that are longer than a sentence, to be copied. */

/** For a proxy that does not pass upgrades on. */
export const nginx = (socketPath: string): string =>
  `A proxy in front of the server takes the upgrade out of the request. Tell it to pass it on. nginx:
    location ${socketPath} {
        proxy_pass http://backend;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host $host;
        proxy_read_timeout 75s;
    }
Apache: ProxyPass with upgrade=websocket. A load balancer or CDN has a switch for WebSockets.`;

/** For a socket that does not look for its token where it is put. */
export const readToken = {
  query: `Read the token from the query of the socket's address (?token=…, percent-encoded). Django Channels, in a middleware around the URLRouter:
    query = parse_qs(scope["query_string"].decode())
    token = query.get("token", [""])[0]
Check it as REST does, and put the user into scope["user"].`,
  subprotocol: `Of the subprotocols that the client offers (Sec-WebSocket-Protocol: unified-chat, bearer.<base64url of the token>), read the one that begins with "bearer.", decode the rest, check it as REST does, and choose the subprotocol "unified-chat".`,
  ticket: `Read the ticket from the query of the socket's address (?ticket=…), look up whose it is, and forget it.`,
} as const;

export const allowOrigin = (origin: string): string =>
  `Allow ${origin} on the socket. Django Channels: AllowedHostsOriginValidator looks at ALLOWED_HOSTS; for sites on other hosts use
    OriginValidator(URLRouter(…), ["${origin}"])
Others: add it to the list of origins that the handshake accepts.`;

export const cors = (origin: string, headers: readonly string[]): string =>
  `Answer preflights (OPTIONS, which carry no token) before the token is checked, and name the site:
    Access-Control-Allow-Origin: ${origin}
    Access-Control-Allow-Headers: ${headers.join(', ')}
    Access-Control-Allow-Methods: GET, POST
    Vary: Origin
Django: django-cors-headers, its middleware first, CORS_ALLOWED_ORIGINS = ["${origin}"], CORS_ALLOW_HEADERS = (*default_headers${headers.includes('Idempotency-Key') ? ', "idempotency-key"' : ''}).`;

export const withOffset = `Write times with an offset, 2026-01-31T12:00:00Z or +00:00: a browser reads one without in the reader's own zone, hours off. Django: USE_TZ = True, timezone.now() instead of datetime.now(), and isoformat() of aware times only.`;

export const serialise = `Something in the list cannot be written as JSON: a time, a Decimal, a UUID, a model. Django Channels: json.dumps(…, cls=DjangoJSONEncoder), or render it with the serializers that REST uses. The server's log has the line.`;

export const unauthorised = 'Answer 401 with {"detail": "…", "code": "…"}. Django REST framework answers 403 where the first class of DEFAULT_AUTHENTICATION_CLASSES has no WWW-Authenticate header: put JWTAuthentication first.';

export const checkToken = 'Check the token of every request and every handshake: its signature, its time, its user. Anybody can come in as anybody else until then.';
