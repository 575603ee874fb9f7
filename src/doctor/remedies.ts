/** Remedies that several checks share, or that contain configuration to copy. */

/** For a proxy that does not forward WebSocket upgrades. */
export const forwardUpgrades = (socketPath: string): string =>
  `A proxy in front of the server removes the Upgrade header. Configure it to forward WebSockets. nginx:
    location ${socketPath} {
        proxy_pass http://backend;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host $host;
        proxy_read_timeout 75s;
    }
Apache: ProxyPass with upgrade=websocket. Load balancer or CDN: enable its WebSocket support.`;

/** For a WebSocket endpoint that does not find the token, by auth mode. */
export const readToken = {
  query: `Read the token from the query string of the WebSocket URL (?token=…, percent-encoded).
Django Channels, in a middleware around the URLRouter:
    query = parse_qs(scope["query_string"].decode())
    token = query.get("token", [""])[0]
Verify it as REST does, and set scope["user"].`,
  subprotocol:
    'The client offers two subprotocols: Sec-WebSocket-Protocol: unified-chat, bearer.<base64url of the token>. ' +
    'Decode the token from the one that starts with "bearer.", verify it as REST does, and select "unified-chat".',
  ticket:
    'Read the ticket from the query string of the WebSocket URL (?ticket=…), look up its user, and invalidate it.',
} as const;

export const allowOrigin = (origin: string): string =>
  `Allow the origin ${origin} for WebSocket handshakes.
Django Channels: AllowedHostsOriginValidator uses ALLOWED_HOSTS; for a site on another host use
    OriginValidator(URLRouter(…), ["${origin}"])
Other frameworks: add it to the list of allowed origins.`;

export const allowCors = (origin: string, headers: readonly string[]): string => {
  const extraHeader = headers.includes('Idempotency-Key') ? ', "idempotency-key"' : '';
  return `Answer preflight requests (OPTIONS, without a token) before the token is checked, and allow the origin:
    Access-Control-Allow-Origin: ${origin}
    Access-Control-Allow-Headers: ${headers.join(', ')}
    Access-Control-Allow-Methods: GET, POST
    Access-Control-Max-Age: 7200
    Vary: Origin
Django: install django-cors-headers, put its middleware first, and set
    CORS_ALLOWED_ORIGINS = ["${origin}"]
    CORS_ALLOW_HEADERS = (*default_headers${extraHeader})`;
};

export const timesWithOffset =
  'Send times with a UTC offset: 2026-01-31T12:00:00Z, or +00:00 instead of Z. Without one, browsers read the time ' +
  "in the user's own time zone, hours off. Django: set USE_TZ = True, use timezone.now() instead of datetime.now(), " +
  'and call isoformat() on aware datetimes only.';

export const serializeJson =
  'The room list contains a value that cannot be serialized as JSON: a datetime, Decimal, UUID or model instance. ' +
  'Django Channels: use json.dumps(…, cls=DjangoJSONEncoder), or the serializers of the REST API. The stack trace ' +
  "is in the server's log.";

export const return401 =
  'Return 401 with {"detail": "…", "code": "…"}. Django REST framework returns 403 if the first class in ' +
  'DEFAULT_AUTHENTICATION_CLASSES has no WWW-Authenticate header: put JWTAuthentication first.';

export const verifyToken =
  'Verify the token of every request and every handshake: signature, expiry and user. Until then, anyone can ' +
  'impersonate any user.';

export const correctTypes = 'Send each field with the type in docs/PROTOCOL.md.';

export const checkMembership = 'For every request and every frame, look up the room among those of the user.';
