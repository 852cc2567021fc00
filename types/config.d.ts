import type * as http from 'node:http';
import type * as https from 'node:https';

/** How messages are compressed (permessage-deflate, RFC 7692). */
export interface IPerMessageDeflate {
  /**
   * Whether the server begins each message with an empty window, which takes less memory and compresses
   * worse. It also does so where the client asks for it.
   * @default false
   */
  serverNoContextTakeover?: boolean | null | undefined;

  /**
   * Whether the client does. A server that sets it demands it.
   * @default false
   */
  clientNoContextTakeover?: boolean | null | undefined;

  /**
   * The largest window of the server, 8 to 15 bits. A client that sets it demands it.
   * @default 15, or less if the client asks for it
   */
  serverMaxWindowBits?: number | null | undefined;

  /**
   * The largest window of the client, 8 to 15 bits. A server that sets less than 15 uses no compression
   * with clients that do not let it choose. `false` has the window not negotiated: it is of 15 bits.
   * @default 15, or less if the peer asks for it
   */
  clientMaxWindowBits?: number | boolean | null | undefined;

  /**
   * From how many bytes on messages are compressed.
   * @default 1024
   */
  threshold?: number | null | undefined;

  /**
   * From 0, no compression, to 9, the best; -1 is zlib's default.
   * @default -1
   */
  level?: number | null | undefined;

  /**
   * How much memory compressing takes, from 1 to 9.
   * @default 8
   */
  memLevel?: number | null | undefined;
}

/** What every connection is configured by. Sizes are in bytes, times in milliseconds. */
export interface IConfig {
  /**
   * The largest frame that is accepted, and with that the largest message of a single frame. A larger
   * one closes the connection with 1009.
   * @default 65536 for a server, 1048576 for a client
   */
  maxReceivedFrameSize?: number | undefined;

  /**
   * The largest message that is put together from fragments. A larger one closes the connection with
   * 1009. Ignored if `assembleFragments` is false.
   * @default 1048576 for a server, 8388608 for a client
   */
  maxReceivedMessageSize?: number | undefined;

  /**
   * How many fragments a message may have. One more closes the connection with 1008.
   * @default none; of empty fragments 1024 are the limit in any case
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
   * Whether fragmented messages arrive whole, by 'message'. Otherwise each frame arrives by 'frame',
   * and putting them together is left to the application.
   * @default true
   */
  assembleFragments?: boolean | undefined;

  /**
   * How long `close()` waits for the peer's close frame before the socket is destroyed.
   * @default 5000
   */
  closeTimeout?: number | undefined;

  /**
   * Whether small writes leave at once instead of waiting to be sent together (TCP_NODELAY).
   * @default true
   */
  disableNagleAlgorithm?: boolean | undefined;

  /**
   * Whether a ping is sent to a peer that has sent nothing for `keepaliveInterval`.
   * @default true for a server, off for a client
   */
  keepalive?: boolean | undefined;

  /**
   * How long a peer may be silent before it is pinged.
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
   * Whether TCP's own keep-alive does it instead of pings. `keepaliveGracePeriod` and
   * `dropConnectionOnKeepaliveTimeout` are then ignored.
   * @default false
   */
  useNativeKeepalive?: boolean | undefined;

  /**
   * 'auto' hands the descriptor of a plain TCP or Unix socket to the engine's I/O threads, where there
   * is one; 'stream' always reads and writes the socket by Node's streams.
   * @default 'auto'
   */
  transport?: 'auto' | 'stream' | undefined;

  /**
   * From how many bytes waiting to leave on `send*` returns false and `outputBufferFull` is true,
   * until 'drain'. A socket that is read and written by Node's streams keeps its own mark.
   * @default that of the socket
   */
  highWaterMark?: number | undefined;

  /**
   * Whether frames that the peer masks although it is the server, or does not mask although it is the
   * client, close the connection with 1002, RFC 6455 §5.1.
   * @default true on connections that a request or a client has made, false on those an application
   *   constructs
   */
  requireMasking?: boolean | undefined;

  /**
   * Whether permessage-deflate (RFC 7692) is offered or accepted, and how: `true`, or an object. Has no
   * effect on a connection that an application constructs.
   * @throws TypeError, RangeError from `mount()`, the client's constructor and `connect()` if a value is
   *   not in order
   * @default false
   */
  perMessageDeflate?: boolean | IPerMessageDeflate | null | undefined;
}

/** What WebSocketServer is configured by. */
export interface IServerConfig extends IConfig {
  /** The servers whose upgrades are taken. */
  httpServer: http.Server | https.Server | Array<http.Server | https.Server>;

  /**
   * Whether every request is accepted, with the first subprotocol that it asks for and from any
   * origin. For tests and the like.
   * @default false
   */
  autoAcceptConnections?: boolean | undefined;

  /**
   * Whether X-Forwarded-For is left out of `remoteAddress` and `remoteAddresses`. Otherwise its first
   * address becomes `remoteAddress`. Any client can send that header, and most proxies append to it, so
   * set this where clients connect directly, and `trustProxy` where they don't. Without effect if
   * `trustProxy` is set.
   * @default false
   */
  ignoreXForwardedFor?: boolean | undefined;

  /**
   * Which proxies are believed about the client's address, as `trust proxy` has it in Express. From the
   * peer of the socket on, and then from the end of X-Forwarded-For, addresses are passed over as long
   * as they are trusted; the first one that is not, or the outermost, is `remoteAddress`. A number is a
   * count of proxies; `true` trusts all, `false` none; strings are addresses, ranges such as
   * `10.0.0.0/8`, or `loopback`, `linklocal` and `uniquelocal`, in one string with commas in between.
   * For a function the peer of the socket has the index 0 and, over a Unix domain socket, no address;
   * the last address in X-Forwarded-For has the index 1.
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
   * How long a request may go unanswered before it is rejected with 503, in milliseconds, at most
   * 2147483647. 0 is no limit.
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

/** What WebSocketClient is configured by. */
export interface IClientConfig extends IConfig {
  /**
   * 8 sends the origin as Sec-WebSocket-Origin, as the drafts before RFC 6455 had it.
   * @default 13
   */
  webSocketVersion?: number | undefined;

  /** Options for `https.request`. Its `headers` are sent along; host, port, path and method are not taken. */
  tlsOptions?: https.RequestOptions | undefined;

  /**
   * How long the server may take from `connect()` to its answer. 'connectFailed' then has an error of
   * code ETIMEDOUT.
   * @default none
   */
  handshakeTimeout?: number | undefined;
}
