import type * as http from 'node:http';
import type * as https from 'node:https';

/** How messages are compressed (permessage-deflate, RFC 7692). */
export interface IPerMessageDeflate {
  /**
   * Whether the server begins each message with an empty window. That takes less memory and
   * compresses worse. The server also does so if the client asks for it.
   * @default false
   */
  serverNoContextTakeover?: boolean | null | undefined;

  /**
   * Whether the client begins each message with an empty window. A server that sets it demands it.
   * @default false
   */
  clientNoContextTakeover?: boolean | null | undefined;

  /**
   * The largest window of the server, 8 to 15 bits. A client that sets it demands it.
   * @default 15, or less if the client asks for it
   */
  serverMaxWindowBits?: number | null | undefined;

  /**
   * The largest window of the client, 8 to 15 bits. If a server sets less than 15, clients that do
   * not let it choose get no compression. With `false` the window is not negotiated and has 15
   * bits.
   * @default 15, or less if the peer asks for it
   */
  clientMaxWindowBits?: number | boolean | null | undefined;

  /**
   * The size in bytes from which messages are compressed.
   * @default 1024
   */
  threshold?: number | null | undefined;

  /**
   * The level, from 0 (no compression) to 9 (the best). -1 is zlib's default.
   * @default -1
   */
  level?: number | null | undefined;

  /**
   * The memory for compression, from 1 to 9.
   * @default 8
   */
  memLevel?: number | null | undefined;
}

/** The configuration of every connection. Sizes are in bytes, times in milliseconds. */
export interface IConfig {
  /**
   * The largest frame that is accepted, and so the largest message in a single frame. A larger one
   * closes the connection with 1009.
   * @default 65536 for a server, 1048576 for a client
   */
  maxReceivedFrameSize?: number | undefined;

  /**
   * The largest message in fragments. A larger one closes the connection with 1009. Ignored if
   * `assembleFragments` is false.
   * @default 1048576 for a server, 8388608 for a client
   */
  maxReceivedMessageSize?: number | undefined;

  /**
   * How many fragments a message may have. One more closes the connection with 1008.
   * @default none; a message has at most 1024 empty fragments in any case
   */
  maxFragments?: number | undefined;

  /**
   * Whether messages larger than `fragmentationThreshold` are sent in fragments.
   * @default true
   */
  fragmentOutgoingMessages?: boolean | undefined;

  /**
   * The largest payload of a frame that is sent.
   * @default 16384
   */
  fragmentationThreshold?: number | undefined;

  /**
   * Whether fragmented messages arrive whole, by 'message'. Otherwise each frame arrives by
   * 'frame', and the application puts them together.
   * @default true
   */
  assembleFragments?: boolean | undefined;

  /**
   * How long `close()` waits for the peer's close frame before the socket is destroyed.
   * @default 5000
   */
  closeTimeout?: number | undefined;

  /**
   * Whether small writes leave at once (TCP_NODELAY) and do not wait to leave together.
   * @default true
   */
  disableNagleAlgorithm?: boolean | undefined;

  /**
   * Whether a peer that sends nothing for `keepaliveInterval` gets a ping.
   * @default true for a server, off for a client
   */
  keepalive?: boolean | undefined;

  /**
   * How long a peer may be silent before it gets a ping.
   * @default 20000 for a server
   */
  keepaliveInterval?: number | undefined;

  /**
   * Whether a peer that stays silent for `keepaliveGracePeriod` after a ping is dropped, with 1006.
   * Ignored if `keepalive` is false.
   * @default true for a server
   */
  dropConnectionOnKeepaliveTimeout?: boolean | undefined;

  /**
   * How long a peer may take to answer a ping.
   * @default 10000 for a server
   */
  keepaliveGracePeriod?: number | undefined;

  /**
   * Whether TCP's own keep-alive replaces the pings. `keepaliveGracePeriod` and
   * `dropConnectionOnKeepaliveTimeout` are ignored then.
   * @default false
   */
  useNativeKeepalive?: boolean | undefined;

  /**
   * With 'auto', the engine's I/O threads read and write plain TCP and Unix sockets by their
   * descriptors. With 'stream', Node's streams read and write every socket.
   * @default 'auto'
   */
  transport?: 'auto' | 'stream' | undefined;

  /**
   * If this many bytes wait to leave, `send*` returns false and `outputBufferFull` is true, until
   * 'drain'. On the stream transport the socket's own mark counts.
   * @default that of the socket
   */
  highWaterMark?: number | undefined;

  /**
   * Whether a wrong mask closes the connection with 1002 (RFC 6455 §5.1): a client must mask its
   * frames, and a server must not.
   * @default true on connections that a request or a client makes, false on those that an
   *   application constructs
   */
  requireMasking?: boolean | undefined;

  /**
   * Whether permessage-deflate (RFC 7692) is offered or accepted, and how: `true`, or an object. It
   * has no effect on a connection that an application constructs.
   * @throws TypeError, RangeError from `mount()`, the client's constructor and `connect()` if a
   *   value is not valid
   * @default false
   */
  perMessageDeflate?: boolean | IPerMessageDeflate | null | undefined;
}

/** The configuration of WebSocketServer. */
export interface IServerConfig extends IConfig {
  /** The HTTP servers whose upgrades it handles. */
  httpServer: http.Server | https.Server | Array<http.Server | https.Server>;

  /**
   * Whether every request is accepted, with its first subprotocol and from any origin. Use it for
   * tests and the like.
   * @default false
   */
  autoAcceptConnections?: boolean | undefined;

  /**
   * Whether X-Forwarded-For is left out of `remoteAddress` and `remoteAddresses`. Otherwise its
   * first address becomes `remoteAddress`. Any client can send that header, and most proxies append
   * to it. So set this if clients connect directly, and `trustProxy` if they don't. It has no
   * effect if `trustProxy` is set.
   * @default false
   */
  ignoreXForwardedFor?: boolean | undefined;

  /**
   * The proxies that may say where a request comes from, in the forms of Express' `trust proxy`.
   * The search begins at the peer of the socket and goes on from the end of X-Forwarded-For.
   * `remoteAddress` is the first address that is not trusted, or the outermost. A number is a count
   * of proxies; `true` trusts all, `false` none. Strings are addresses, ranges such as
   * `10.0.0.0/8`, or `loopback`, `linklocal` and `uniquelocal`; one string may have several, with
   * commas in between. A function gets an address and its index: 0 is the peer of the socket, which
   * has no address over a Unix domain socket, and 1 is the last address in X-Forwarded-For.
   * @throws TypeError, RangeError from `mount()` if it is none of these
   * @default none: `ignoreXForwardedFor` decides
   */
  trustProxy?:
    | boolean
    | number
    | string
    | readonly string[]
    | ((address: string, index: number) => boolean)
    | null
    | undefined;

  /**
   * Milliseconds until a request without an answer is rejected with 503, at most 2147483647. 0 is
   * no limit.
   * @throws TypeError, RangeError from `mount()` if it is no such number
   * @default none
   */
  requestTimeout?: number | null | undefined;

  /**
   * Whether `request.cookies` is filled from the Cookie header.
   * @default true
   */
  parseCookies?: boolean | undefined;

  /**
   * Whether `request.requestedExtensions` is filled from the Sec-WebSocket-Extensions header.
   * @default true
   */
  parseExtensions?: boolean | undefined;
}

/** The configuration of WebSocketClient. */
export interface IClientConfig extends IConfig {
  /**
   * With 8, the origin is sent as Sec-WebSocket-Origin, as in the drafts before RFC 6455.
   * @default 13
   */
  webSocketVersion?: number | undefined;

  /**
   * Options for `https.request`. Its `headers` are sent too. Its host, port, path and method are
   * ignored.
   */
  tlsOptions?: https.RequestOptions | undefined;

  /**
   * How long the server may take from `connect()` to its answer. 'connectFailed' then has an error
   * of code ETIMEDOUT.
   * @default none
   */
  handshakeTimeout?: number | undefined;
}
